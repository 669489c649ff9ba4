"""`clawforge plan`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

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
    from clawforge_cli.look_ahead import Horizon, Outlook
    from clawforge_cli.online_plan import Replaying
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
    from clawforge_cli.look_ahead import parse_horizon
    from clawforge_cli.proposal import PlanOptions
    from clawforge_cli.replay_run import Replay

    again = Replay.asked(replay, replay_max_blocked, replay_max_people)
    options = PlanOptions.parse(target, exclude, select, take_ownership).said_with(reason, vouched)
    now = dt.datetime.now(dt.UTC)
    horizon = None if at is None else parse_horizon(at, now)
    if offline:
        _refuse_keeping(kept=out is not None or submit)
        found = _offline(path, _Base(against, last_seen=last_seen), options, now, horizon, again)
    else:
        _refuse_comparing(compared=against is not None or last_seen)
        found = _online(path, options, server, now, horizon, again, out=out, submit=submit)
    _show(found, format, detail=detail)
    made = found.plan
    if not found.sound or (made.replay is not None and made.replay.is_too_much):
        raise typer.Exit(ExitCode.FINDINGS)
    if detailed_exitcode and not made.is_empty:
        raise typer.Exit(ExitCode.CHANGES)


class _Found(NamedTuple):
    """A plan, whether a control plane would make it, what it is held against if none was asked, and what else changes
    by itself."""

    plan: Plan
    sound: bool = True
    compared_with: str | None = None
    ahead: Outlook | None = None


class _Base(NamedTuple):
    """What an offline plan is compared with."""

    against: Path | None
    last_seen: bool


def _refuse_comparing(*, compared: bool) -> None:
    from clawforge.errors import InputError

    if compared:
        raise InputError("--against and --last-seen compare without a control plane.", hint="Add --offline.")


def _refuse_keeping(*, kept: bool) -> None:
    from clawforge.errors import InputError

    if kept:
        raise InputError(
            "An offline plan is unsigned and cannot be applied, so there is no use in saving or submitting it.",
            hint="Plan without --offline, or take the document from --format json.",
        )


def _online(
    path: Path,
    options: PlanOptions,
    server: str | None,
    now: dt.datetime,
    horizon: Horizon | None,
    again: Replay | None,
    *,
    out: Path | None,
    submit: bool,
) -> _Found:
    from clawforge_cli.manifest import Manifest
    from clawforge_cli.online_plan import chosen_connection, plan_online
    from clawforge_cli.project_files import manifest_of, open_project

    # Only what is worked out here needs the resources; the control plane takes them as the manifest has them.
    project = None if horizon is None and again is None else open_project(path)
    manifest = manifest_of(path) if project is None else Manifest.of(project)
    ahead = None if project is None or horizon is None else _ahead(project, horizon, now)[1]
    chosen = chosen_connection(manifest, server)
    replaying = None if project is None or again is None else _replaying(again, project, now)
    made = plan_online(manifest, options, chosen, now, replaying)
    if out is not None:
        from clawforge_cli.saved_plan import save_plan

        save_plan(made, out)
    if submit:
        _say_where(made, chosen.server)
    return _Found(made, ahead=ahead)


def _replaying(again: Replay, project: Project, now: dt.datetime) -> Replaying:
    from clawforge_cli.replay_run import replay_online

    return lambda chosen: replay_online(again, project, chosen, now)


def _ahead(project: Project, horizon: Horizon, now: dt.datetime) -> tuple[dt.datetime, Outlook]:
    from clawforge_cli.look_ahead import first_moment, outlook

    moment = first_moment(horizon, project, now)
    return moment, outlook(project, horizon, now, moment)


def _say_where(made: Plan, server: str) -> None:
    from clawforge.resource.meta import format_instant
    from clawforge_cli.views.terminal import note, safe

    until = "" if made.expires_at is None else f" until {format_instant(made.expires_at)}"
    note(f"The control plane keeps this plan{until}: {safe(server)}/v1/orgs/{made.org}/plans/{made.id}")
    for verb in ("show", "approve", "apply"):
        note(f"  clawforge {verb} {made.id}")


def _offline(
    path: Path, base: _Base, options: PlanOptions, now: dt.datetime, horizon: Horizon | None, again: Replay | None
) -> _Found:
    from clawforge_cli.offline_plan import plan_offline
    from clawforge_cli.project_files import open_project
    from clawforge_cli.views import offline_checks
    from clawforge_cli.views.terminal import note

    project = open_project(path)
    moment, ahead = (now, None) if horizon is None else _ahead(project, horizon, now)
    compared = _compared(project, base)
    made, checked = plan_offline(project, compared, now, moment=moment, options=options)
    if again is not None:
        from clawforge_cli.replay_run import replay_offline

        made = made.model_copy(update={"replay": replay_offline(again, project, compared, now)})
    note("Offline: this plan is unsigned and cannot be applied.")
    offline_checks.show_checks(checked, project)
    name = "an empty control plane" if compared is None else compared.name
    return _Found(made, checked.passed, name, ahead)


def _compared(project: Project, base: _Base) -> Compared | None:
    from clawforge.errors import InputError

    if base.last_seen:
        from clawforge_cli.last_seen import recall
        from clawforge_cli.settings import cache_directory

        if base.against is not None:
            raise InputError("--against and --last-seen are two states to compare with.", hint="Choose one.")
        return recall(cache_directory(), project.file)
    if base.against is None:
        return None
    from clawforge_cli.offline_plan import base_project

    return base_project(base.against)


def _show(found: _Found, format: PlanForm, *, detail: bool) -> None:
    from clawforge_cli.views import human_forecast, plan_document
    from clawforge_cli.views.terminal import Printer

    ahead = found.ahead
    plan_document.show_plan(found.plan, format, detail=detail, compared_with=found.compared_with, forecast=ahead)
    if ahead is not None and format is PlanForm.TEXT:
        human_forecast.show_outlook(ahead, Printer(), word="By")
