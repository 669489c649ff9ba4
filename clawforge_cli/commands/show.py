"""`clawforge show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Detail, DetailedExitCode, Org, PlanForm, PlanFormat, Server
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.plan import Plan

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def show(
    plan: Annotated[str, typer.Argument(metavar="FILE|PLAN", help="A saved plan, or the id of one.")],
    format: PlanFormat = PlanForm.TEXT,
    detail: Detail = False,
    detailed_exitcode: DetailedExitCode = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check the signature by the keys that the control plane publishes.")
    ] = False,
    server: Server = None,
    org: Org = None,
) -> None:
    """Show a plan that was made before. Nothing is changed."""
    from clawforge_cli.views import plan_document

    found = _found(plan, server, org)
    if verify:
        _verify(found, server, org)
    plan_document.show_plan(found, format, detail=detail)
    if detailed_exitcode and not found.is_empty:
        raise typer.Exit(ExitCode.CHANGES)


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
