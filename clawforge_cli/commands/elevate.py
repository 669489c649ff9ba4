"""`clawforge elevate`: break glass."""

from __future__ import annotations

from typing import Annotated

import typer

from clawforge_cli.arguments import Agent, Context, Instance, Org, Output, Server, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

ElevationId = Annotated[str, typer.Argument(metavar="ID", help="Id, as `elevate list` prints it.")]
Why = Annotated[str | None, typer.Option("--reason", help="Why; it is kept in the log.")]


@app.callback()
def elevate() -> None:
    """Have policies lifted for a while, within what elevation policies offer."""


@app.command()
def request(
    grant: Annotated[str, typer.Argument(metavar="GRANT", help="What to ask for, as an ElevationPolicy names it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; approvers see it, and it is kept in the log.")] = "",
    ticket: Annotated[str | None, typer.Option("--ticket", help="Number of the incident.")] = None,
    ttl: Annotated[
        str | None, typer.Option("--ttl", metavar="DURATION", help="How long; as long as the grant allows if left out.")
    ] = None,
    tool: Annotated[
        list[str] | None, typer.Option("--tool", help="Only this tool of the grant; may be repeated.")
    ] = None,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="PHRASE", help="The phrase that the grant wants typed.")
    ] = None,
    for_: Annotated[
        str | None, typer.Option("--for", metavar="USER", help="Give it to somebody else, as a temporary grant.")
    ] = None,
    instance: Instance = None,
    agent: Agent = None,
    context: Context = None,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Ask for an elevation for yourself, or give somebody else a temporary grant."""
    from clawforge_cli.elevation_asking import TypedRequest, ask, elevation_request
    from clawforge_cli.elevation_client import ElevationClient
    from clawforge_cli.views import human_elevations, json_documents

    typed = TypedRequest(grant, for_, instance, tool or (), agent, context, ttl, reason, ticket, confirm)
    answer = ask(ElevationClient.chosen(server, org), elevation_request(typed))
    human_elevations.note_asked(answer)
    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))


@app.command()
def approve(elevation: ElevationId, reason: Why = None, server: Server = None, org: Org = None) -> None:
    """Approve somebody else's elevation. With the last approval that it needs its time begins."""
    from clawforge_cli.elevation_client import ElevationClient
    from clawforge_cli.views import human_elevations

    human_elevations.note_judged(ElevationClient.chosen(server, org).judge(elevation, reason, approve=True))


@app.command()
def deny(elevation: ElevationId, reason: Why = None, server: Server = None, org: Org = None) -> None:
    """Deny somebody else's elevation."""
    from clawforge_cli.elevation_client import ElevationClient
    from clawforge_cli.views import human_elevations

    human_elevations.note_judged(ElevationClient.chosen(server, org).judge(elevation, reason, approve=False))


@app.command()
def revoke(
    elevation: ElevationId,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")],
    server: Server = None,
    org: Org = None,
) -> None:
    """End an elevation before its time: your own, or somebody else's."""
    from clawforge.errors import InputError
    from clawforge_cli.elevation_client import ElevationClient
    from clawforge_cli.views.terminal import note, safe

    if not reason.strip():
        raise InputError("--reason says nothing.")
    answer = ElevationClient.chosen(server, org).revoke(elevation, reason)
    note(f"{safe(answer.grant)} of {safe(answer.user)} is over. Their policies hold again once the agent asks.")


@app.command(name="list")
def list_(
    ended: Annotated[int, typer.Option("--ended", min=0, max=500, help="How many that ended to list as well.")] = 0,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """List elevations and temporary grants that wait or are in force: your own, and those that you may see."""
    from clawforge_cli.elevation_client import ElevationClient
    from clawforge_cli.views import human_elevations, json_documents
    from clawforge_cli.views.terminal import Printer

    found = ElevationClient.chosen(server, org).elevations(ended)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_elevations.show_elevations(found, Printer())
