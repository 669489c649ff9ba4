"""`clawforge reconcilers`: who keeps the org equal to git, and how that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Org, Server, TextOrJson

if TYPE_CHECKING:
    from clawforge.wire_reconcile import ReconcilerView

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

Reconciler = Annotated[str, typer.Argument(metavar="NAME", help="Name of the reconciler.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")]


@app.callback()
def reconcilers() -> None:
    """Who keeps the org equal to git, and how that goes. `clawforge reconcile` runs one."""


@app.command(name="list")
def list_(server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT) -> None:
    """List reconcilers: how each stands and why, what it applied last, and who holds its lease."""
    from clawforge_cli.reconcile_client import ReconcileClient
    from clawforge_cli.views import human_reconcilers, json_documents
    from clawforge_cli.views.terminal import Printer

    found = ReconcileClient.chosen(server, org).reconcilers()
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_reconcilers.show_list(found, Printer())


@app.command()
def suspend(
    name: Reconciler, reason: Why, server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT
) -> None:
    """Stop a reconciler from applying anything, also what it is about to apply. What is in force stays in force."""
    from clawforge_cli.reconcile_client import ReconcileClient
    from clawforge_cli.views import human_reconcilers

    answer = ReconcileClient.chosen(server, org).stop(name, _said(reason))
    if not _is_shown(answer, format):
        human_reconcilers.note_suspended(answer)


@app.command()
def resume(
    name: Reconciler, reason: Why, server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT
) -> None:
    """Have a suspended reconciler go on."""
    from clawforge_cli.reconcile_client import ReconcileClient
    from clawforge_cli.views import human_reconcilers

    answer = ReconcileClient.chosen(server, org).resume(name, _said(reason))
    if not _is_shown(answer, format):
        human_reconcilers.note_suspended(answer)


@app.command()
def acknowledge(
    name: Reconciler,
    commit: Annotated[str, typer.Argument(metavar="COMMIT", help="Whole id of the branch's present head.")],
    reason: Why,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Accept what a reconciler stopped at, such as a rewritten branch, for this very head. Signatures count as ever."""
    import re

    from clawforge.errors import InputError
    from clawforge_cli.reconcile_client import ReconcileClient
    from clawforge_cli.views import human_reconcilers

    if re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", commit) is None:
        raise InputError(
            "What is accepted is one commit, named by its whole id.",
            hint="`clawforge reconcilers list` names the head that was seen, `git rev-parse` its whole id.",
        )
    answer = ReconcileClient.chosen(server, org).acknowledge(name, commit, _said(reason))
    if not _is_shown(answer, format):
        human_reconcilers.note_acknowledged(answer)


@app.command()
def now(name: Reconciler, server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT) -> None:
    """Have a reconciler look at git now, and not at its next interval."""
    from clawforge_cli.reconcile_client import ReconcileClient
    from clawforge_cli.views import human_reconcilers

    answer = ReconcileClient.chosen(server, org).want(name)
    if not _is_shown(answer, format):
        human_reconcilers.note_wanted(answer)


@app.command()
def forget(
    name: Reconciler, reason: Why, server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT
) -> None:
    """Forget a reconciler that nobody runs any more, and what it applied last. What is in force stays in force."""
    from clawforge_cli.reconcile_client import ReconcileClient
    from clawforge_cli.views.terminal import note, safe

    answer = ReconcileClient.chosen(server, org).forget(name, _said(reason))
    if not _is_shown(answer, format):
        note(f"{safe(answer.name)} is forgotten. Whoever runs one of that name begins anew.")


def _said(reason: str) -> str:
    from clawforge.errors import InputError
    from clawforge.wire_reconcile import MOST_REASON

    if not reason.strip() or len(reason) > MOST_REASON:
        raise InputError(f"--reason takes 1 to {MOST_REASON} characters that say something.")
    return reason


def _is_shown(answer: ReconcilerView, format: TextOrJson) -> bool:
    """Show the answer if a program asked for it."""
    from clawforge_cli.views import json_documents

    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))
    return format is TextOrJson.JSON
