"""`clawforge show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Detail, DetailedExitCode, Org, PlanForm, PlanFormat, Server
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.errors import InputError
    from clawforge.plan import Plan

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def show(
    what: Annotated[
        str,
        typer.Argument(metavar="FILE|PLAN|REV", help="A saved plan, the id of one, or a revision such as latest~2."),
    ],
    format: PlanFormat = PlanForm.TEXT,
    detail: Detail = False,
    detailed_exitcode: DetailedExitCode = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check a plan's signature by the keys that the control plane publishes.")
    ] = False,
    server: Server = None,
    org: Org = None,
) -> None:
    """Show a plan that was made before, or what a revision changed. Nothing is changed."""
    from clawforge.revision_name import is_revision_name
    from clawforge_cli.views import plan_document

    if is_revision_name(what) and not Path(what).exists():
        if verify or format is PlanForm.MARKDOWN:
            raise _not_a_plan()
        _show_revision(what, format, server, org, detail=detail)
        return
    found = _found(what, server, org)
    if verify:
        _verify(found, server, org)
    plan_document.show_plan(found, format, detail=detail)
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(ExitCode.CHANGES)


def _not_a_plan() -> InputError:
    from clawforge.errors import InputError

    return InputError(
        "This is a revision; only plans are signed and written as Markdown.", hint="Use --format text or json."
    )


def _show_revision(name: str, form: PlanForm, server: str | None, org: str | None, *, detail: bool) -> None:
    from clawforge_cli.history_client import HistoryClient
    from clawforge_cli.views import human_revision, json_documents
    from clawforge_cli.views.terminal import Printer

    found = HistoryClient.chosen(server, org).revision_detail(name)
    if form is PlanForm.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_revision.show_revision(found, Printer(), detail=detail)


def _found(plan: str, server: str | None, org: str | None) -> Plan:
    from clawforge_cli.plan_source import is_plan_id, kept_plan
    from clawforge_cli.saved_plan import read_plan

    if is_plan_id(plan) and not Path(plan).exists():
        return kept_plan(plan, server, org).plan
    return read_plan(Path(plan))


def _verify(plan: Plan, server: str | None, org: str | None) -> None:
    import datetime as dt

    from clawforge.plan_signature import verify_plan
    from clawforge_cli.review_client import ReviewClient
    from clawforge_cli.views.terminal import note

    keys = ReviewClient.chosen(server, org or plan.org).trusted_keys(dt.datetime.now(dt.UTC))
    note(f"The signature by {verify_plan(plan, keys)} is valid.")
