"""`clawforge plan`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, ProjectPath, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.plan import Plan

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
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no control plane; compare with an empty one, or see --against.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="DIR", help="With --offline: compare with this project.")
    ] = None,
) -> None:
    """Show what an apply would change on the control plane. Nothing is changed."""
    compared_with = None
    if offline or against is not None:
        _refuse_combinations(offline=offline, out=out)
        made, sound = _offline(path, against)
        compared_with = "an empty control plane" if against is None else f"the files in {against}"
    else:
        made, sound = _online(path, server, out), True
    _show(made, format, detail=detail, compared_with=compared_with)
    if not sound:
        raise typer.Exit(ExitCode.FINDINGS)
    if detailed_exitcode and not made.is_empty:
        raise typer.Exit(ExitCode.CHANGES)


def _refuse_combinations(*, offline: bool, out: Path | None) -> None:
    from clawforge.errors import InputError

    if not offline:
        raise InputError("--against compares files without a control plane.", hint="Add --offline.")
    if out is not None:
        raise InputError(
            "An offline plan is unsigned and cannot be applied, so there is no use in saving it.",
            hint="Plan without --offline, or take the document from --format json.",
        )


def _online(path: Path, server: str | None, out: Path | None) -> Plan:
    from clawforge.errors import InputError
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.project_files import open_project
    from clawforge_cli.proposal import plan_request
    from clawforge_cli.settings import connection

    project = open_project(path)
    try:
        chosen = connection(server, project_server=project.file.server, org=project.file.org)
    except InputError as error:
        raise InputError(
            error.message, hint=f"{error.hint} `plan --offline` needs no control plane.".strip()
        ) from error
    control_plane = ControlPlane(chosen)
    made = control_plane.create_plan(project.file.org, plan_request(project))
    if out is not None:
        from clawforge_cli.saved_plan import save_plan

        save_plan(made, out)
    return made


def _offline(path: Path, against: Path | None) -> tuple[Plan, bool]:
    """The plan, and whether a control plane would make it."""
    import datetime as dt

    from clawforge_cli.offline_plan import base_project, plan_offline
    from clawforge_cli.project_files import open_project
    from clawforge_cli.views import offline_checks
    from clawforge_cli.views.terminal import note

    project = open_project(path)
    base: Project | None = base_project(against) if against is not None else None
    made, checked = plan_offline(project, base, dt.datetime.now(dt.UTC))
    note("Offline: this plan is unsigned and cannot be applied.")
    offline_checks.show_checks(checked, project)
    return made, checked.passed


def _show(made: Plan, format: TextOrJson, *, detail: bool, compared_with: str | None) -> None:
    from clawforge.plan import plan_json
    from clawforge_cli.views import human_plan, json_documents
    from clawforge_cli.views.terminal import Printer

    if format is TextOrJson.JSON:
        json_documents.show(plan_json(made))
    else:
        human_plan.show_plan(made, Printer(), detail=detail, compared_with=compared_with)
