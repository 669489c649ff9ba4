"""`clawforge rollback`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Detail, Format, Org, ProjectPath, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def rollback(
    revision: Annotated[
        str, typer.Argument(metavar="REV", help="Revision to go back to: a number, latest, or latest~2.")
    ],
    path: ProjectPath = Path(),
    server: Server = None,
    org: Org = None,
    source: Annotated[str | None, typer.Option("--source", help="Source, instead of the project's.")] = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Save the plan and apply nothing; `apply FILE` carries it out.")
    ] = None,
    format: Format = TextOrJson.TEXT,
    detail: Detail = False,
) -> None:
    """Go back to what a source said at a revision: a new revision, through the checks and approvals of any plan."""
    from clawforge_cli.consent import agreed
    from clawforge_cli.history_client import HistoryClient
    from clawforge_cli.org_choice import choose_source
    from clawforge_cli.views import human_plan, human_rollback, json_documents
    from clawforge_cli.views.terminal import Printer

    control_plane = HistoryClient.chosen(server, org, path)
    plan = control_plane.plan_rollback(choose_source(path, source), revision)
    printer = Printer() if format is TextOrJson.TEXT else Printer(sys.stderr, colour=False)
    if plan.is_empty:
        human_rollback.show_nothing_to_do(plan, revision, printer)
    else:
        human_plan.show_plan(plan, printer, detail=detail)
    if out is not None:
        from clawforge_cli.saved_plan import save_plan

        save_plan(plan, out)
        human_rollback.show_saved(plan, out, printer)
        if format is TextOrJson.JSON:
            json_documents.show_plan(plan)
        return
    if plan.is_empty:
        if format is TextOrJson.JSON:
            json_documents.show({"revision": plan.base.revision, "applied": False, "positionsRefreshed": False})
        return
    if not auto_approve and not agreed("Go back to this?"):
        raise typer.Exit(ExitCode.ERROR)
    result = control_plane.apply_plan(plan)
    if format is TextOrJson.JSON:
        json_documents.show(result.model_dump(mode="json", by_alias=True))
    else:
        human_plan.show_applied(result, plan, printer)
    human_rollback.show_next_step(plan, printer)
