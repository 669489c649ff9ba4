"""`clawforge plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Format, ProjectPath, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def plan(
    path: ProjectPath = Path(),
    server: Server = None,
    format: Format = TextOrJson.TEXT,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit 2 when there are changes, 0 when there are none."),
    ] = False,
    detail: Annotated[
        bool, typer.Option("--detail", help="List the fields of created and destroyed resources.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Save the plan; `apply FILE` carries out exactly it.")
    ] = None,
) -> None:
    """Show what an apply would change on the control plane. Nothing is changed."""
    from clawforge.plan import plan_json
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.project_files import open_project
    from clawforge_cli.proposal import plan_request
    from clawforge_cli.settings import connection
    from clawforge_cli.views import human_plan, json_documents
    from clawforge_cli.views.terminal import Printer

    project = open_project(path)
    control_plane = ControlPlane(connection(server, project_server=project.file.server))
    made = control_plane.create_plan(project.file.org, plan_request(project))
    if out is not None:
        from clawforge_cli.saved_plan import save_plan

        save_plan(made, out)
    if format is TextOrJson.JSON:
        json_documents.show(plan_json(made))
    else:
        human_plan.show_plan(made, Printer(), detail=detail)
    if detailed_exitcode and not made.is_empty:
        raise typer.Exit(ExitCode.CHANGES)
