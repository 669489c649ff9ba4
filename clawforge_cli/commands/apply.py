"""`clawforge apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge_cli.client import ControlPlane

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def apply(
    path: Annotated[Path, typer.Argument(metavar="PROJECT|PLAN", help="Project directory, or a saved plan.")] = Path(),
    server: Server = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")] = False,
    format: Format = TextOrJson.TEXT,
    detail: Annotated[
        bool, typer.Option("--detail", help="List the fields of created and destroyed resources.")
    ] = False,
) -> None:
    """Make the control plane equal to the files; what left the files is destroyed. A saved plan is applied as it is."""
    from clawforge_cli.consent import agreed
    from clawforge_cli.views import human_plan, json_documents
    from clawforge_cli.views.terminal import Printer

    control_plane, plan = _planned(path, server)
    printer = Printer() if format is TextOrJson.TEXT else Printer(sys.stderr, colour=False)
    if not plan.is_empty or not plan.positions_changed:
        human_plan.show_plan(plan, printer, detail=detail)
    if not plan.is_empty and not auto_approve and not agreed("Apply these changes?"):
        raise typer.Exit(ExitCode.ERROR)
    if plan.is_empty and not plan.positions_changed:
        if format is TextOrJson.JSON:
            json_documents.show({"revision": plan.base.revision, "applied": False, "positionsRefreshed": False})
        return
    result = control_plane.apply_plan(plan)
    if format is TextOrJson.JSON:
        json_documents.show(result.model_dump(mode="json", by_alias=True))
    else:
        human_plan.show_applied(result, plan, printer)


def _planned(path: Path, server: str | None) -> tuple[ControlPlane, Plan]:
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.settings import connection

    if path.is_file():
        from clawforge_cli.saved_plan import read_plan

        plan = read_plan(path)
        return ControlPlane(connection(server, org=plan.org)), plan
    from clawforge_cli.project_files import open_project
    from clawforge_cli.proposal import plan_request

    project = open_project(path)
    control_plane = ControlPlane(connection(server, project_server=project.file.server, org=project.file.org))
    return control_plane, control_plane.create_plan(project.file.org, plan_request(project))
