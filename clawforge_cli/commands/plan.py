"""`clawforge plan`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import (
    Detail,
    DetailedExitCode,
    Excludes,
    PlanForm,
    PlanFormat,
    ProjectPath,
    Reason,
    Selects,
    Server,
    TakeOwnership,
    Targets,
    VouchedFile,
)
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.plan import Plan
    from clawforge_cli.compared import Compared
    from clawforge_cli.look_ahead import Outlook
    from clawforge_cli.proposal import PlanOptions
    from clawforge_cli.replay_run import Replay

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def plan(
    path: ProjectPath = Path(),
    server: Server = None,
    format: PlanFormat = PlanForm.TEXT,
    detailed_exitcode: DetailedExitCode = False,
    detail: Detail = False,
    submit: Annotated[
        bool, typer.Option("--submit", help="Say under which id the control plane keeps the plan for review.")
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
    last_seen: Annotated[
        bool, typer.Option("--last-seen", help="With --offline: compare with what was in force when it was seen last.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="WHEN", help="Look ahead to then: a day, a moment, or a duration such as 30d."),
    ] = None,
    target: Targets = None,
    exclude: Excludes = None,
    select: Selects = None,
    take_ownership: TakeOwnership = None,
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
    from clawforge_cli.proposal import PlanOptions
    from clawforge_cli.replay_run import Replay

    again = Replay.asked(replay, replay_max_blocked, replay_max_people)
    options = PlanOptions.parse(target, exclude, select, take_ownership).said_with(reason, vouched)
    now = dt.datetime.now(dt.UTC)
    horizon = None if at is None else parse_horizon(at, now)
    if offline or against is not None or last_seen:
        _refuse_combinations(offline=offline, kept=out is not None or submit)
    project = open_project(path)
    moment = now if horizon is None else first_moment(horizon, project, now)
    ahead = None if horizon is None else outlook(project, horizon, now, moment)
    compared_with = None
    if offline:
        base = _base(project, against, last_seen=last_seen)
        made, sound = _offline(project, base, options, now, moment, again)
        compared_with = "an empty control plane" if base is None else base.name
    else:
        made, sound = _online(project, options, server, out, again, now, submit=submit), True
    _show(made, format, detail=detail, compared_with=compared_with, ahead=ahead)
    if not sound or (made.replay is not None and made.replay.is_too_much):
        raise typer.Exit(ExitCode.FINDINGS)
    if detailed_exitcode and not made.is_empty:
        raise typer.Exit(ExitCode.CHANGES)


def _refuse_combinations(*, offline: bool, kept: bool) -> None:
    from clawforge.errors import InputError

    if not offline:
        raise InputError("--against and --last-seen compare without a control plane.", hint="Add --offline.")
    if kept:
        raise InputError(
            "An offline plan is unsigned and cannot be applied, so there is no use in saving or submitting it.",
            hint="Plan without --offline, or take the document from --format json.",
        )


def _online(
    project: Project,
    options: PlanOptions,
    server: str | None,
    out: Path | None,
    again: Replay | None,
    now: dt.datetime,
    *,
    submit: bool,
) -> Plan:
    from clawforge.errors import InputError
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.proposal import plan_request
    from clawforge_cli.settings import connection

    try:
        chosen = connection(server, project_server=project.file.server, org=project.file.org)
    except InputError as error:
        raise InputError(
            error.message, hint=f"{error.hint} `plan --offline` needs no control plane.".strip()
        ) from error
    control_plane = ControlPlane(chosen)
    request = plan_request(project, options)
    if again is not None:
        from clawforge_cli.replay_run import replay_online

        report, base = replay_online(again, project, chosen, now)
        request = request.model_copy(update={"replay": report, "base": base})
    made = control_plane.create_plan(project.file.org, request)
    if made.is_empty and options.scope.is_everything:
        from clawforge_cli.last_seen import remember
        from clawforge_cli.settings import cache_directory

        remember(cache_directory(), project, made.base.revision, now)
    if out is not None:
        from clawforge_cli.saved_plan import save_plan

        save_plan(made, out)
    if submit:
        _say_where(made, chosen.server)
    return made


def _say_where(made: Plan, server: str) -> None:
    from clawforge.resource.meta import format_instant
    from clawforge_cli.views.terminal import note, safe

    until = "" if made.expires_at is None else f" until {format_instant(made.expires_at)}"
    note(f"The control plane keeps this plan{until}: {safe(server)}/v1/orgs/{made.org}/plans/{made.id}")
    for verb in ("show", "approve", "apply"):
        note(f"  clawforge {verb} {made.id}")


def _base(project: Project, against: Path | None, *, last_seen: bool) -> Compared | None:
    from clawforge.errors import InputError

    if last_seen:
        from clawforge_cli.last_seen import recall
        from clawforge_cli.settings import cache_directory

        if against is not None:
            raise InputError("--against and --last-seen are two states to compare with.", hint="Choose one.")
        return recall(cache_directory(), project)
    if against is None:
        return None
    from clawforge_cli.offline_plan import base_project

    return base_project(against)


def _offline(
    project: Project,
    base: Compared | None,
    options: PlanOptions,
    now: dt.datetime,
    moment: dt.datetime,
    again: Replay | None,
) -> tuple[Plan, bool]:
    """The plan, and whether a control plane would make it."""
    from clawforge_cli.offline_plan import plan_offline
    from clawforge_cli.views import offline_checks
    from clawforge_cli.views.terminal import note

    made, checked = plan_offline(project, base, now, moment=moment, options=options)
    if again is not None:
        from clawforge_cli.replay_run import replay_offline

        made = made.model_copy(update={"replay": replay_offline(again, project, base, now)})
    note("Offline: this plan is unsigned and cannot be applied.")
    offline_checks.show_checks(checked, project)
    return made, checked.passed


def _show(
    made: Plan, format: PlanForm, *, detail: bool, compared_with: str | None, ahead: Outlook | None = None
) -> None:
    from clawforge_cli.views import human_forecast, plan_document
    from clawforge_cli.views.terminal import Printer

    plan_document.show_plan(made, format, detail=detail, compared_with=compared_with, forecast=ahead)
    if ahead is not None and format is PlanForm.TEXT:
        human_forecast.show_outlook(ahead, Printer(), word="By")
