"""One call at one moment of the past, by git, by the control plane, and by the instance: three records, three answers.

Each answers for itself or says why it cannot; none of them stops the others.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawforge.analysis.clocks import ClockName, Clocks, Reading, decided, unknown
from clawforge.errors import ClawforgeError, InputError
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

if TYPE_CHECKING:
    from clawforge.decide.request import Decision
    from clawforge.position import Positions
    from clawforge_cli.asking_client import AskingClient

_HORIZON = dt.timedelta(days=7)
_BY_HAND = "Users stopped by hand are in no revision; the audit log has them."
_ENROLMENT_UNKNOWN = "Groups and tags of the instance's enrolment are not known here."


@dataclasses.dataclass(frozen=True, slots=True)
class PastCall:
    """A call of a subject at a moment."""

    subject: Subject
    tool: str
    params: Mapping[str, Any]
    at: dt.datetime


def past_moment(moment: dt.datetime | None) -> dt.datetime:
    """The moment that is asked about. Raises InputError if none is, or one that is not over."""
    if moment is None:
        raise InputError("--history needs a moment.", hint="Pass --at, such as --at 2026-05-03T10:00:00Z.")
    if moment > dt.datetime.now(dt.UTC):
        raise InputError("--history looks back, and that moment is still to come.", hint="Leave --history out.")
    return moment


def read_clocks(path: Path, connect: Callable[[], AskingClient], call: PastCall) -> Clocks:
    """All three answers. `connect` may raise the errors of having no control plane to ask."""
    try:
        server = _PastServer(connect(), call)
    except ClawforgeError as error:
        readings = (_git(path, call), unknown("server", error.message), unknown("instance", error.message))
    else:
        known = server.call
        readings = (
            _git(path, known, notes=server.notes),
            _answered("server", server.read),
            _answered("instance", server.read_instance),
        )
        call = known
    return Clocks(subject=call.subject, tool=call.tool, at=call.at, readings=readings)


def _answered(clock: ClockName, read: Callable[[], Reading]) -> Reading:
    try:
        return read()
    except ClawforgeError as error:
        return unknown(clock, error.message)


def _git(path: Path, call: PastCall, notes: tuple[str, ...] = ()) -> Reading:
    from clawforge_cli.gitops.first_parents import commit_at
    from clawforge_cli.gitops.objects import NoObjectsError, open_objects
    from clawforge_cli.past_project import project_of

    source = ""
    try:
        with open_objects(path) as objects:
            commit = commit_at(objects, call.at)
            if commit is None:
                return unknown("git", "Every commit of this branch is younger.")
            source = f"commit {commit.id}"
            project = project_of(path, objects, commit, call.at)
            reading = Reading(clock="git", source=source, since=commit.committed, notes=notes)
            return decided(reading, _judged(project.values, _known(project.values, call), project.positions))
    except NoObjectsError as error:
        return unknown("git", f"The history cannot be read: {error}.", source)
    except ClawforgeError as error:
        return unknown("git", error.message, source)


class _PastServer:
    """What the control plane and an instance of it had; states of revisions are read once."""

    def __init__(self, client: AskingClient, call: PastCall) -> None:
        self._client = client
        self._states: dict[int, tuple[tuple[Resource, ...], Positions]] = {}
        self.call = call
        self.notes: tuple[str, ...] = ()
        self._owner: str | None = None
        self._enrolled: dt.datetime | None = None
        if call.subject.instance is not None:
            self._look_up(call.subject.instance)

    def _look_up(self, name: str) -> None:
        """Add what the instance was enrolled with, which never changes."""
        try:
            found = next((item for item in self._client.instances().instances if item.instance == name), None)
        except ClawforgeError:
            self.notes = (_ENROLMENT_UNKNOWN,)
            return
        if found is None:
            return
        subject = self.call.subject
        groups = tuple(sorted({*subject.groups, *found.groups}))
        known = subject.model_copy(update={"groups": groups, "tags": {**subject.tags, **found.tags}})
        self.call = dataclasses.replace(self.call, subject=known)
        self._owner, self._enrolled = found.user, found.enrolled_at

    def read(self) -> Reading:
        """What the control plane served."""
        revision = self._client.revision_at(self.call.at)
        if revision is None:
            return unknown("server", f"The org {self._client.org} had no revision yet.")
        commit = f", commit {revision.commit}" if revision.commit else ""
        source = f"revision {revision.number}{commit}"
        reading = Reading(clock="server", source=source, since=revision.created_at, notes=(_BY_HAND, *self.notes))
        return decided(reading, self._decision(revision.number))

    def read_instance(self) -> Reading:
        """What the instance had acknowledged."""
        name = self.call.subject.instance
        if name is None:
            return unknown("instance", "No instance is named; pass --instance.")
        found = self._client.acknowledged_at(name, self.call.at)
        if found is None:
            early = self._enrolled is not None and self.call.at < self._enrolled
            return unknown("instance", "It was not enrolled yet." if early else "It had acknowledged nothing yet.")
        if found.revision is None:
            return unknown("instance", "The control plane does not know what that was made for.", found.digest)
        reading = Reading(
            clock="instance",
            source=f"revision {found.revision}, acknowledged as {found.digest}",
            since=found.at,
            notes=(_BY_HAND,),
        )
        if self.call.at >= found.at + _HORIZON:
            return _run_out(reading)
        return decided(reading, self._decision(found.revision))

    def _decision(self, revision: int) -> Decision:
        if revision not in self._states:
            answer = self._client.state(revision)
            self._states[revision] = (tuple(map(_parsed, answer.resources)), answer.positions)
        resources, positions = self._states[revision]
        known = _known(resources, self.call)
        if self._owner not in (None, known.subject.user):
            raise InputError(f"The instance {known.subject.instance} belongs to {self._owner}.")
        return _judged(resources, known, positions, revision)


def _judged(
    resources: Sequence[Resource], call: PastCall, positions: Positions, revision: int | None = None
) -> Decision:
    from clawforge.decide.simulate import Simulator
    from clawforge.resolve.org import OrgModel

    simulator = Simulator(OrgModel(resources), positions, revision=revision)
    return simulator.judge(call.subject, call.tool, call.params, call.at).decision


def _known(resources: Sequence[Resource], call: PastCall) -> PastCall:
    """The call of the user by the name that these resources declare."""
    from clawforge_cli.subject_options import name_among

    name = name_among(resources, call.subject.user) or call.subject.user.removeprefix("User/")
    return dataclasses.replace(call, subject=call.subject.model_copy(update={"user": name}))


def _parsed(value: dict[str, Any]) -> Resource:
    from clawforge.load.resource import parse_resource

    resource = parse_resource(value)
    if isinstance(resource, list):
        raise InputError(f"This version of clawforge cannot read a resource of that revision: {resource[0].message}")
    return resource


def _run_out(reading: Reading) -> Reading:
    """A bundle holds for the seven days that begin with its own, and what acknowledged it later is younger."""
    from clawforge.resource.policy_test import Effect

    reason = "By then that bundle had run out, and without a valid policy an agent denies every call."
    return reading.model_copy(update={"effect": Effect.DENY, "reason": reason})
