"""`clawforge kill`: stop agents at once."""

from __future__ import annotations

from typing import Annotated

import typer

from clawforge_cli.arguments import Org, Output, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Ended = Annotated[int, typer.Option("--ended", min=0, max=500, help="How many that ended to list as well.")]


@app.callback()
def kill() -> None:
    """Stop agents at once, whatever their policy says."""


@app.command()
def on(
    scope: Annotated[str, typer.Option("--scope", help="What stops: org, group:NAME, instance:NAME or tool:NAME.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; agents get it, and it is kept in the log.")],
    message: Annotated[str, typer.Option("--message", help="What people are told; the reason if left out.")] = "",
    ttl: Annotated[
        str | None, typer.Option("--ttl", metavar="DURATION", help="When it ends by itself; never if left out.")
    ] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="Number of the incident.")] = None,
    remind_every: Annotated[
        str, typer.Option("--remind-every", metavar="DURATION", help="How often the log is reminded of it.")
    ] = "1h",
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Stop the whole org without asking.")] = False,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Stop everything, a group, one machine, or one tool. It wins over every policy and every elevation."""
    from clawforge_cli.consent import agreed
    from clawforge_cli.kill_order import kill_request
    from clawforge_cli.overlay_client import OverlayClient
    from clawforge_cli.views import human_overlays, json_documents

    request = kill_request(scope, reason, message=message, ttl=ttl, ticket=ticket, remind_every=remind_every)
    client = OverlayClient.chosen(server, org)
    question = f"Every agent of the org {client.org} will deny every call."
    if request.scope == "org" and not auto_approve and not agreed(question):
        raise typer.Exit(ExitCode.ERROR)
    answer = client.switch_on(request)
    human_overlays.note_on(answer)
    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))


@app.command()
def off(
    overlay: Annotated[
        str | None, typer.Argument(metavar="ID", help="Id of the kill switch, as `kill status` prints it.")
    ] = None,
    scope: Annotated[str | None, typer.Option("--scope", help="What was stopped, in place of the id.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")] = "",
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Turn a kill switch off. Agents go on once they hold a newer signed lease without it."""
    from clawforge.errors import InputError
    from clawforge_cli.overlay_client import OverlayClient
    from clawforge_cli.views import human_overlays, json_documents

    if (overlay is None) == (scope is None):
        raise InputError("Name one kill switch.", hint="Pass its id, or --scope with what was stopped.")
    if not reason.strip():
        raise InputError("--reason is missing, or says nothing.")
    client = OverlayClient.chosen(server, org)
    found = client.kill_over(scope).id if scope is not None else str(overlay)
    answer = client.end(found, reason)
    human_overlays.note_off(answer)
    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))


@app.command()
def status(ended: Ended = 0, server: Server = None, org: Org = None, format: Output = TextOrJson.TEXT) -> None:
    """Say which kill switches are on, since when, by whom and why."""
    from clawforge.wire_overlays import OverlayList
    from clawforge_cli.overlay_client import OverlayClient
    from clawforge_cli.views import human_overlays, json_documents
    from clawforge_cli.views.terminal import Printer

    listed = OverlayClient.chosen(server, org).overlays(ended).overlays
    found = OverlayList(overlays=tuple(item for item in listed if item.kind == "kill"))
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_overlays.show_status(found, Printer())
