"""`clawforge plan`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, ProjectPath, Reason, Server, TextOrJson, VouchedFile
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.plan import Plan
    from clawforge.wire import PlanRequest
    from clawforge_cli.look_ahead import Outlook
    from clawforge_cli.replay_run import Replay

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
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="WHEN", help="Look ahead to then: a day, a moment, or a duration such as 30d."),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option("--replay", metavar="CALLS", help="Decide recorded calls again: a file, `-`, or the last 7d."),
    ] = None,
    replay_max_blocked: Annotated[
        str | None,
        typer.Option("--replay-max-blocked", metavar="N", help="Exit 3 if more calls would be blocked: 10, or 2.5%."),
    ] = None,
    replay_max_people: Annotated[
        int | None,
        typer.Option("--replay-max-people", metavar="N", min=0, help="Exit 3 if calls of more people would be."),
    ] = None,
    reason: Reason = None,
    vouched: VouchedFile = None,
) -> None:
    """Show what an apply would change on the control plane. Nothing is changed."""
    from clawforge_cli.look_ahead import first_moment, outlook, parse_horizon
    from clawforge_cli.project_files import open_project
    from clawforge_cli.replay_run import Replay

    again = Replay.asked(replay, replay_max_blocked, replay_max_people)
    now = dt.datetime.now(dt.UTC)
    horizon = None if at is None else parse_horizon(at, now)
    if offline or against is not None:
        _refuse_combinations(offline=offline, out=out)
    project = open_project(path)
    moment = now if horizon is None else first_moment(horizon, project, now)
    ahead = None if horizon is None else outlook(project, horizon, now, moment)
    compared_with = None
    if offline:
        made, sound = _offline(project, against, now, moment, again)
        compared_with = "an empty control plane" if against is None else f"the files in {against}"
    else:
        made, sound = _online(project, server, Proposal(out, reason, vouched), again, now), True
    _show(made, format, detail=detail, compared_with=compared_with, ahead=ahead)
    if not sound or (made.replay is not None and made.replay.is_too_much):
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


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is said beside the files: where the plan is saved, why, and what a pipeline vouches for."""

    out: Path | None
    reason: str | None
    vouched: Path | None


def _request(project: Project, proposal: Proposal) -> PlanRequest:
    from clawforge_cli.proposal import plan_request
    from clawforge_cli.reasons import said
    from clawforge_cli.vouched_file import read_vouched

    vouched = None if proposal.vouched is None else read_vouched(proposal.vouched)
    return plan_request(project, said(proposal.reason), vouched)


def _online(project: Project, server: str | None, proposal: Proposal, again: Replay | None, now: dt.datetime) -> Plan:
    from clawforge.errors import InputError
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.settings import connection

    try:
        chosen = connection(server, project_server=project.file.server, org=project.file.org)
    except InputError as error:
        raise InputError(
            error.message, hint=f"{error.hint} `plan --offline` needs no control plane.".strip()
        ) from error
    control_plane = ControlPlane(chosen)
    request = _request(project, proposal)
    if again is not None:
        from clawforge_cli.replay_run import replay_online

        report, base = replay_online(again, project, chosen, now)
        request = request.model_copy(update={"replay": report, "base": base})
    made = control_plane.create_plan(project.file.org, request)
    if proposal.out is not None:
        from clawforge_cli.saved_plan import save_plan

        save_plan(made, proposal.out)
    return made


def _offline(
    project: Project, against: Path | None, now: dt.datetime, moment: dt.datetime, again: Replay | None
) -> tuple[Plan, bool]:
    """The plan, and whether a control plane would make it."""
    from clawforge_cli.offline_plan import base_project, plan_offline
    from clawforge_cli.views import offline_checks
    from clawforge_cli.views.terminal import note

    base: Project | None = base_project(against) if against is not None else None
    made, checked = plan_offline(project, base, now, moment=moment)
    if again is not None:
        from clawforge_cli.replay_run import replay_offline

        made = made.model_copy(update={"replay": replay_offline(again, project, base, now)})
    note("Offline: this plan is unsigned and cannot be applied.")
    offline_checks.show_checks(checked, project)
    return made, checked.passed


def _show(
    made: Plan, format: TextOrJson, *, detail: bool, compared_with: str | None, ahead: Outlook | None = None
) -> None:
    from clawforge_cli.views import human_forecast, human_plan, json_documents
    from clawforge_cli.views.terminal import Printer

    if format is TextOrJson.JSON:
        json_documents.show_plan(made, ahead.items if ahead else None)
        return
    printer = Printer()
    human_plan.show_plan(made, printer, detail=detail, compared_with=compared_with)
    if ahead is not None:
        human_forecast.show_outlook(ahead, printer, word="By")
