"""Access diffs held against the decider: what a line says of somebody is so, and whoever is in no line keeps all."""

from __future__ import annotations

import datetime as dt

from brute_force import CALLS, HOME, WORKSPACE

from clawforge.analysis.access_diff import AccessDiff, access_diff
from clawforge.analysis.comparison import CallExample
from clawforge.analysis.level import Level, level_of
from clawforge.analysis.population import KnownInstance, Population
from clawforge.analysis.sections.settings import setting_changes
from clawforge.analysis.world import World
from clawforge.decide.decider import Decider
from clawforge.decide.request import InstanceFacts, Request
from clawforge.resolve.org import Resolution
from clawforge.resolve.subject import Subject
from clawforge.resource.user import User

INSTANCES = (
    KnownInstance("i-1", "alice", ("eng",), (("env", "prod"),)),
    KnownInstance("i-2", "stranger", ("fin",), (("env", "dev"), ("site", "berlin"))),
)


def check_access(world: World) -> int:
    """How many people and machines were looked at."""
    diff = access_diff(world, Population(world, INSTANCES))
    subjects = [Subject(user=item.metadata.name) for item in _users(world)] + [item.subject for item in INSTANCES]
    for subject in subjects:
        ours, theirs = (side.resolve(subject, world.since) for side in world.sides)
        named = subject.user in diff.users if subject.instance is None else subject.instance in diff.instances
        if not named:
            assert _levels(ours, world.since) == _levels(theirs, world.since), subject
            assert not setting_changes(ours.effective.enforced, theirs.effective.enforced)
    for line in diff.lines:
        change = line.change
        if change.example is None or change.at is not None:
            continue
        who = [Subject(user=name) for name in line.users[:2]] + [item.subject for item in line.instances[:2]]
        for subject in who:
            through = subject.model_copy(update={"agent": change.agent, "context": change.context})
            _check_example(world, through, change.example)
            assert change.gain is (change.example.after < change.example.before)
    _check_counts(diff)
    return len(subjects)


def _users(world: World) -> list[User]:
    found = {item.address: item for side in world.resources for item in side.values() if isinstance(item, User)}
    return list(found.values())


def _check_counts(diff: AccessDiff) -> None:
    for line in diff.lines:
        assert line.count == len(line.users) + len(line.instances) > 0
        assert len(set(line.users)) == len(line.users)
        assert set(line.users) <= diff.users
        assert {item.name for item in line.instances} <= diff.instances


def _check_example(world: World, subject: Subject, call: CallExample) -> None:
    example = call.example
    request = Request(
        tool=call.tool,
        params=dict(example.params),
        user=subject.user,
        agent=subject.agent,
        context=subject.context,
        at=world.since,
    )
    facts = InstanceFacts(versions=None, home=example.home, workspace=example.workspace)
    for side, claimed in zip(world.sides, (call.before, call.after), strict=True):
        effective = side.resolve(subject, world.since).effective
        got = level_of(Decider(effective).decide(request, facts=facts))
        # DLP is told apart from tools in these lines, so a call may get less than the tool alone would.
        assert got >= claimed if effective.dlp.rules else got is claimed, (subject, call, got)


def _levels(resolution: Resolution, at: dt.datetime) -> list[Level]:
    decider = Decider(resolution.effective)
    facts = InstanceFacts(versions=None, home=HOME, workspace=WORKSPACE)
    return [
        level_of(decider.decide(Request(tool=tool, params=params, user="user", at=at), facts=facts))
        for tool, params in CALLS
    ]
