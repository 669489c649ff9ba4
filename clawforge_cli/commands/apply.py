"""`clawforge apply`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Reason, Server, TextOrJson, VouchedFile
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge.wire import ApplyTerms
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
    reason: Reason = None,
    allow_deletions: Annotated[
        int | None,
        typer.Option("--allow-deletions", metavar="N", min=0, help="Delete up to N, whatever a ChangePolicy limits."),
    ] = None,
    override_freeze: Annotated[
        bool, typer.Option("--override-freeze", help="Apply although changes are frozen; needs --reason and the right.")
    ] = False,
    vouched: VouchedFile = None,
) -> None:
    """Make the control plane equal to the files; what left the files is destroyed. A saved plan is applied as it is."""
    from clawforge_cli.views import human_plan, json_documents
    from clawforge_cli.views.terminal import Printer

    terms = _terms(reason, allow_deletions, override_freeze=override_freeze)
    control_plane, plan = _planned(path, server, terms, vouched)
    printer = Printer() if format is TextOrJson.TEXT else Printer(sys.stderr, colour=False)
    if not plan.is_empty or not plan.positions_changed:
        human_plan.show_plan(plan, printer, detail=detail)
    if not plan.is_empty and not auto_approve and not _agreed():
        raise typer.Exit(ExitCode.ERROR)
    if plan.is_empty and not plan.positions_changed:
        if format is TextOrJson.JSON:
            json_documents.show({"revision": plan.base.revision, "applied": False, "positionsRefreshed": False})
        return
    result = control_plane.apply_plan(plan, terms)
    if format is TextOrJson.JSON:
        json_documents.show(result.model_dump(mode="json", by_alias=True))
    else:
        human_plan.show_applied(result, plan, printer)


def _terms(reason: str | None, allow_deletions: int | None, *, override_freeze: bool) -> ApplyTerms:
    from clawforge.errors import InputError
    from clawforge.wire import ApplyTerms
    from clawforge_cli.reasons import said

    if override_freeze and reason is None:
        raise InputError("Overriding a freeze needs a reason.", hint="Say why with --reason.")
    return ApplyTerms(reason=said(reason), allow_deletions=allow_deletions, override_freeze=override_freeze)


def _planned(path: Path, server: str | None, terms: ApplyTerms, vouched: Path | None) -> tuple[ControlPlane, Plan]:
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.settings import connection

    if path.is_file():
        from clawforge.errors import InputError
        from clawforge_cli.saved_plan import read_plan

        if vouched is not None:
            raise InputError("--vouched belongs to a plan that is made.", hint="Give it to `clawforge plan --out`.")
        plan = read_plan(path)
        return ControlPlane(connection(server, org=plan.org)), plan
    from clawforge_cli.project_files import open_project
    from clawforge_cli.proposal import plan_request

    said = None
    if vouched is not None:
        from clawforge_cli.vouched_file import read_vouched

        said = read_vouched(vouched)
    project = open_project(path)
    control_plane = ControlPlane(connection(server, project_server=project.file.server, org=project.file.org))
    return control_plane, control_plane.create_plan(project.file.org, plan_request(project, terms.reason, said))


def _agreed() -> bool:
    from clawforge_cli.settings import may_ask
    from clawforge_cli.views.terminal import note

    if not may_ask():
        note("Nobody can be asked here; pass --auto-approve to apply without asking. Nothing was changed.")
        return False
    answer = typer.prompt("Apply these changes? Only 'yes' goes on", default="", show_default=False, err=True)
    if answer.strip() != "yes":
        note("Nothing was changed.")
        return False
    return True
