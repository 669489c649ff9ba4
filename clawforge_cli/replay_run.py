"""Replaying recorded calls for a plan: what is compared, where the calls come from, and what is too much."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.analysis.replay.limits import ReplayLimits
from clawforge.errors import InputError, NotFoundError
from clawforge.resource.meta import format_duration, format_instant, parse_duration

if TYPE_CHECKING:
    from clawforge.analysis.replay.answers import Enrolment
    from clawforge.analysis.replay.report import ReplayReport
    from clawforge.load.project import Project
    from clawforge_cli.compared import Compared
    from clawforge_cli.replay_workers import ReplayJob, StatedOrg
    from clawforge_cli.settings import Connection

_PERIOD = re.compile(r"([0-9]+[dhms])+")


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay as it was asked for: the calls of a file, or of the last `seconds` of the control plane's log."""

    source: str
    limits: ReplayLimits
    seconds: int | None = None

    @classmethod
    def asked(cls, source: str | None, max_blocked: str | None, max_people: int | None) -> Replay | None:
        """From the options of a command; None if no replay is asked for. Raises InputError."""
        limits = ReplayLimits(max_blocked, max_people)
        if source is None:
            if limits.are_set:
                raise InputError("Limits on what a replay finds need a replay.", hint="Add --replay FILE.")
            return None
        return cls(source, limits, period(source))

    @property
    def described(self) -> str:
        """Where the calls come from, for people."""
        if self.seconds is not None:
            return f"the last {format_duration(self.seconds)} of the audit log"
        return "standard input" if self.source == "-" else self.source


@dataclass(frozen=True, slots=True)
class Applied:
    """What the control plane holds: the state of everybody, which of it other sources own, and its revision."""

    state: StatedOrg
    others: StatedOrg
    revision: int


def period(text: str) -> int | None:
    """Seconds, if the text is a period such as `7d`; a file of that name is written `./7d`. Raises InputError."""
    if not _PERIOD.fullmatch(text):
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no period: {error}.") from error


def replay_offline(replay: Replay, project: Project, against: Compared | None, now: dt.datetime) -> ReplayReport:
    """Replay the calls of a file by the project's files, beside what they are compared with. Raises InputError."""
    from clawforge_cli.call_lines import as_file
    from clawforge_cli.replay_workers import ReplayJob, StatedOrg

    if replay.seconds is not None:
        raise InputError(
            "A period is read from the control plane's log, and --offline asks none.",
            hint="Name a file: `clawforge audit export --class call --out FILE` writes one.",
        )
    before = after = StatedOrg(tuple(project.values), dict(project.positions))
    if against is not None:
        before = StatedOrg(tuple(against.values), dict(against.positions))
        after = proposed(project, before if against.source != project.file.source else None)
    job = ReplayJob(project.file.org, now, before if against is not None else None, after, {})
    with as_file(replay.source) as path:
        return _report(replay, path, job)


def replay_online(
    replay: Replay, project: Project, connection: Connection, now: dt.datetime
) -> tuple[ReplayReport, int | None]:
    """Replay calls by what the project would make of the control plane's state, beside that state, and its revision.
    Raises InputError, and the errors of the control plane."""
    from clawforge_cli.replay_workers import ReplayJob

    org = project.file.org
    applied = applied_state(connection, org, project.file.source)
    before, others = (applied.state, applied.others) if applied is not None else (None, None)
    job = ReplayJob(org, now, before, proposed(project, others), enrolments(connection, org))
    with calls_as_file(replay, connection, org, now) as path:
        return _report(replay, path, job), None if applied is None else applied.revision


@contextmanager
def calls_as_file(replay: Replay, connection: Connection, org: str, now: dt.datetime) -> Iterator[Path]:
    """The calls, as a file. Raises as `as_file` does, and the errors of the control plane."""
    from clawforge_cli.audit_client import AuditFilter, AuditLog
    from clawforge_cli.call_lines import as_file, events_as_file

    if replay.seconds is None:
        with as_file(replay.source) as path:
            yield path
        return
    since = format_instant((now - dt.timedelta(seconds=replay.seconds)).replace(microsecond=0))
    wanted = AuditFilter(since=since, event_class="call")
    with events_as_file(AuditLog(connection).records(org, wanted, limit=sys.maxsize)) as path:
        yield path


def applied_state(connection: Connection, org: str, source: str) -> Applied | None:
    """What was applied; None if nothing was yet. Raises the errors of the control plane."""
    from clawforge.load.resource import parse_resource
    from clawforge_cli.asking_client import AskingClient
    from clawforge_cli.replay_workers import StatedOrg

    try:
        answer = AskingClient(connection, org).state()
    except NotFoundError as error:
        if error.code != "unknown-org":
            raise
        return None
    resources = []
    for value in answer.resources:
        resource = parse_resource(value)
        if isinstance(resource, list):
            raise InputError(
                f"This version of clawforge cannot read what was applied: {resource[0].message}",
                hint="Are clawforge and the server of the same version?",
            )
        resources.append(resource)
    others = tuple(item for item in resources if answer.sources.get(item.address) != source)
    return Applied(StatedOrg(tuple(resources), answer.positions), StatedOrg(others, answer.positions), answer.revision)


def enrolments(connection: Connection, org: str) -> dict[str, Enrolment]:
    """What instances were given when they enrolled; nothing if the credential may not know, or there is no org yet."""
    from clawforge.analysis.replay.answers import Enrolment
    from clawforge.errors import ForbiddenError
    from clawforge_cli.fleet_client import FleetClient

    try:
        found = FleetClient(connection, org).instances().instances
    except (ForbiddenError, NotFoundError):
        return {}
    return {item.instance: Enrolment(tuple(sorted(item.groups)), tuple(sorted(item.tags.items()))) for item in found}


def proposed(project: Project, others: StatedOrg | None) -> StatedOrg:
    """What there would be: everything of other sources, and all of the project."""
    from clawforge_cli.replay_workers import StatedOrg

    if others is None:
        return StatedOrg(tuple(project.values), dict(project.positions))
    own = {item.address for item in project.values}
    kept = tuple(item for item in others.resources if item.address not in own)
    return StatedOrg((*kept, *project.values), {**others.positions, **project.positions})


def _report(replay: Replay, path: Path, job: ReplayJob) -> ReplayReport:
    from clawforge.analysis.replay.summary import report_of
    from clawforge_cli.replay_workers import replay_file

    report = report_of(replay_file(path, job), replay.described, compared=job.before is not None)
    if replay.limits.are_set:
        report = report.model_copy(update={"gate": replay.limits.judge(report)})
    return report
