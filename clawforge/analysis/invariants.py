"""Invariants proved or refuted, over every subject that there is or may come to be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from clawforge.analysis.calls import Calls, calls_of
from clawforge.analysis.companions import command_companions, skill_companions
from clawforge.analysis.language.budget import TooComplexError
from clawforge.analysis.level import Example, Level
from clawforge.analysis.verdict import Answer
from clawforge.analysis.walk import (
    TOO_MANY,
    TOO_MANY_SCHEDULES,
    UNKNOWN_TIME,
    ExhaustedError,
    Walk,
    base_wants,
    is_base,
    one_want,
    target_wants,
)
from clawforge.analysis.wants import Want
from clawforge.analysis.ways import ways
from clawforge.analysis.world import Class, Seen, World
from clawforge.errors import InputError
from clawforge.resolve.combine import base_rank
from clawforge.resolve.org import OrgModel
from clawforge.resolve.selector import CompiledSelector, Conditions, compile_selector
from clawforge.resolve.subject import Subject
from clawforge.resolve.targets import Target
from clawforge.resource.invariant import Invariant
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.skill_approval import SkillApproval, SkillStatus

MOST_SUBJECTS = 20_000
"""Subjects that the proof of one invariant looks at before it gives up."""


SEVERAL = "Whether several policies together refuse what each of them lets pass is not known."


@dataclass(frozen=True, slots=True)
class Violation:
    """Somebody, who need not exist yet, and the call that refutes an invariant, with how freely it passes."""

    subject: Subject
    at: dt.datetime
    tool: str
    example: Example
    level: Level


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one invariant: it holds (`yes`), a violation refutes it (`no`), or nobody knows, and why."""

    invariant: Invariant
    violation: Violation | None = None
    doubts: tuple[str, ...] = ()

    @property
    def holds(self) -> Answer:
        """Whether it holds for everybody."""
        if self.violation is not None:
            return Answer.NO
        return Answer.UNKNOWN if self.doubts else Answer.YES


def prove_all(
    resources: Sequence[Resource], since: dt.datetime, *, model: OrgModel | None = None, most: int = MOST_SUBJECTS
) -> tuple[Proof, ...]:
    """Every invariant among the resources, from a moment on, by address."""
    invariants = sorted((item for item in resources if isinstance(item, Invariant)), key=lambda item: item.address)
    if not invariants:
        return ()
    schedules = [item.spec.schedule for item in invariants if item.spec.schedule is not None]
    try:
        org = model or OrgModel(resources)
        world = World(resources, resources, since, models=(org, org), watched=schedules)
        return tuple(prove(world, invariant, most=most) for invariant in invariants)
    except InputError as error:
        doubts = (f"The policies cannot be resolved: {error.message}",)
        return tuple(Proof(invariant, doubts=doubts) for invariant in invariants)


def prove(world: World, invariant: Invariant, *, most: int = MOST_SUBJECTS) -> Proof:
    """One invariant, over a world whose two sides are the same and which watches its schedule."""
    return _Attempt(world, invariant, most).run()


class _Attempt:
    """One walk in search of a violation."""

    def __init__(self, world: World, invariant: Invariant, most: int) -> None:
        self._world = world
        self._invariant = invariant
        self._calls: Calls = calls_of(invariant)
        self._selector = compile_selector(invariant.spec.applies_to, world.sides[0].membership.user_name)
        self._found: Violation | None = None
        self._doubts: set[str] = set()
        self._walk = Walk(world, self._look, lambda: self._found is not None, most=most)

    def run(self) -> Proof:
        """Look until somebody violates it, or nobody is left."""
        try:
            for wants in self._wanted():
                self._walk.grow(wants)
            if self._calls.asks_for_any and self._found is None and not self._passes_everything():
                self._try_together()
        except ExhaustedError:
            self._doubts.add(TOO_MANY)
        doubts = () if self._found is not None else tuple(sorted(self._doubts))
        return Proof(self._invariant, self._found, doubts)

    @property
    def _own(self) -> frozenset[Want]:
        """What the invariant is about."""
        conditions = self._selector.conditions
        return one_want(None if conditions is None else Want(0, conditions))

    def _wanted(self) -> Iterator[frozenset[Want]]:
        """To get a forbidden call somebody needs a base and as little else as can be; to miss one that is required,
        one policy that refuses it is enough most of the time, or none that lets anything pass. What only several
        together refuse is left to `_try_together`."""
        own = self._own
        yield own
        if self._calls.forbids:
            firsts = [None, *base_wants(self._world)]
            seconds = list(skill_companions(self._world)) if self._calls.reaches_skills else []
        else:
            firsts = [None, *target_wants(self._world, lambda _: True)]
            seconds = list(command_companions(self._world)) if self._calls.reaches_commands else []
        for first in firsts:
            yield own | one_want(first)
        for second in seconds:
            for first in firsts:
                yield own | {second} | one_want(first)

    def _try_together(self) -> None:
        """What each of several policies lets pass they may refuse together, as two lists of hosts that share none. Two
        are tried; that more of them might is not known."""
        own = self._own
        for one, other in combinations(target_wants(self._world, lambda _: True), 2):
            self._walk.grow(own | {one, other})
        self._doubts.add(SEVERAL)

    def _passes_everything(self) -> bool:
        """Whether what is required passes though everything refuses at once that can meet: then whoever has a base has
        it. Approvals only give, so they are left out."""
        org, own = self._world.sides[0], self._selector.conditions
        for agent, context in ways((self._selector, *(target.selector for target in org.index.targets))):
            if own is not None and not own.of_call(agent, context):
                continue
            met = [
                (index, target)
                for index, target in enumerate(org.index.targets)
                if (conditions := target.selector.conditions) is None
                or (conditions.of_call(agent, context) and not _is_within(conditions, self._selector.exception))
            ]
            narrowing = [index for index, target in met if not is_base(target) and not _gives(target)]
            bases = [(index, target.resource) for index, target in met if is_base(target)]
            for rank in {base_rank(base) for _, base in bases if isinstance(base, Policy)}:
                tied = [index for index, base in bases if isinstance(base, Policy) and base_rank(base) == rank]
                effective = org.bare(org.one(()), tuple(sorted((*narrowing, *tied)))).effective
                try:
                    if self._calls.violation(effective, self._walk.tailor.new_user, self._world.since) is not None:
                        return False
                except TooComplexError:
                    return False
        return True

    def _look(self, subject: Subject, one: Class) -> None:
        if not _matches(self._selector, self._world, subject):
            return
        try:
            for seen in self._world.seen(one, subject.agent, subject.context):
                if self._holds_at(seen):
                    self._judge(subject, seen)
        except OverflowError:
            self._doubts.add(TOO_MANY_SCHEDULES)

    def _holds_at(self, seen: Seen) -> bool:
        schedule = self._invariant.spec.schedule
        return schedule is None or (schedule, None) in seen.watched

    def _judge(self, subject: Subject, seen: Seen) -> None:
        try:
            found = self._calls.violation(seen.before.effective, subject.user, seen.at)
        except TooComplexError as error:
            self._doubts.add(error.message)
            return
        if found is None or self._found is not None:
            return
        if not seen.proved:
            self._doubts.add(UNKNOWN_TIME)
            return
        self._found = Violation(subject, seen.at, *found)


def _is_within(conditions: Conditions, exception: Conditions | None) -> bool:
    """Whether everybody for whom the conditions hold is excepted."""
    if exception is None:
        return False
    own = {part.key: part.values for part in conditions.parts()}
    return all(part.key in own and own[part.key] <= part.values for part in exception.parts())


def _gives(target: Target) -> bool:
    resource = target.resource
    return isinstance(resource, SkillApproval) and resource.spec.status is SkillStatus.APPROVED


def _matches(selector: CompiledSelector, world: World, subject: Subject) -> bool:
    """Whether the invariant is about this subject, through its agent and in its context."""
    possible, excepted = selector.possible(world.sides[0].facts(subject))
    return possible and selector.through(subject.agent, subject.context, excepted=excepted)
