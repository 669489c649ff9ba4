"""`clawforge rollout`: how far a change has come, ring by ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Org, Output, Server, TextOrJson

if TYPE_CHECKING:
    from clawforge.wire_rollouts import RolloutAction

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")]


@app.callback()
def rollout() -> None:
    """See how far a change has come, ring by ring, and carry it on, halt it, or resume it."""


@app.command()
def status(server: Server = None, org: Org = None, format: Output = TextOrJson.TEXT) -> None:
    """Say which ring has the newest revision, when the next one gets it, and what its machines report."""
    from clawforge_cli.rollout_client import RolloutClient
    from clawforge_cli.views import human_rollout, json_documents
    from clawforge_cli.views.terminal import Printer

    found = RolloutClient.chosen(server, org).rollout()
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_rollout.show_rollout(found, Printer())


@app.command()
def advance(
    reason: Why,
    all_: Annotated[bool, typer.Option("--all", help="Every machine, not only the next ring.")] = False,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Let the next ring have the change now, whether the present one has baked or not."""
    _order("finish" if all_ else "advance", reason, server, org, format)


@app.command()
def halt(reason: Why, server: Server = None, org: Org = None, format: Output = TextOrJson.TEXT) -> None:
    """Let no further ring have the change until somebody resumes the rollout."""
    _order("halt", reason, server, org, format)


@app.command()
def resume(reason: Why, server: Server = None, org: Org = None, format: Output = TextOrJson.TEXT) -> None:
    """Carry a halted rollout on. What was seen so far is accepted, and the present ring bakes anew."""
    _order("resume", reason, server, org, format)


def _order(action: RolloutAction, reason: str, server: str | None, org: str | None, format: TextOrJson) -> None:
    from clawforge.errors import InputError
    from clawforge_cli.rollout_client import RolloutClient
    from clawforge_cli.views import human_rollout, json_documents

    if not reason.strip():
        raise InputError("--reason says nothing.")
    answer = RolloutClient.chosen(server, org).order(action, reason)
    human_rollout.note_ordered(answer)
    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))
