"""Invariants held against subjects who are known: somebody who comes, or everybody who is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from clawforge.analysis.calls import Calls, calls_of
from clawforge.analysis.invariants import Violation
from clawforge.analysis.language.budget import TooComplexError
from clawforge.analysis.walk import TOO_MANY_SCHEDULES, UNKNOWN_TIME
from clawforge.analysis.world import Class, Seen, World
from clawforge.resolve.org import OrgModel
from clawforge.resolve.selector import CompiledSelector, compile_selector
from clawforge.resolve.subject import Subject
from clawforge.resource.invariant import Invariant

_MOST_CLASSES = 20_000
"""Classes whose answer is remembered before all of them are forgotten."""


@dataclass(frozen=True, slots=True)
class SubjectViolation:
    """An invariant that a known subject does not keep, with the call that shows it. Without one `doubt` says why it
    cannot be decided: what is not known to hold does not hold."""

    invariant: Invariant
    violation: Violation | None
    doubt: str = ""

    def of(self, subject: Subject) -> SubjectViolation:
        """The same of another subject of the class."""
        if self.violation is None:
            return self
        through = {"agent": self.violation.subject.agent, "context": self.violation.subject.context}
        return replace(self, violation=replace(self.violation, subject=subject.model_copy(update=through)))


@dataclass(frozen=True, slots=True)
class _Watched:
    invariant: Invariant
    calls: Calls
    selector: CompiledSelector


class InvariantCheck:
    """The invariants of an org from a moment on. Subjects of one class are looked at once, so that thousands of
    machines cost no more than they differ: people who differ by nothing but their name count as one, also where
    `params` spell somebody's home."""

    def __init__(self, model: OrgModel, invariants: Iterable[Invariant], since: dt.datetime) -> None:
        user_name = model.membership.user_name
        self._watched = tuple(
            _Watched(item, calls_of(item), compile_selector(item.spec.applies_to, user_name))
            for item in sorted(invariants, key=lambda item: item.address)
        )
        schedules = [item.invariant.spec.schedule for item in self._watched]
        watched = [schedule for schedule in schedules if schedule is not None]
        self._model = model
        self._world = World((), (), since, models=(model, model), watched=watched)
        self._known: dict[object, tuple[SubjectViolation, ...]] = {}

    def violations(self, subject: Subject) -> tuple[SubjectViolation, ...]:
        """The invariants that the subject does not keep, by address, through any agent and in any context that policies
        or the invariant name. Suspended people get nothing on purpose, so nothing is asked of them.

        Raises InputError as `OrgModel.resolve`.
        """
        facts = self._model.facts(subject)
        possible = tuple(item.selector.possible(facts) for item in self._watched)
        if facts.suspended or not any(could for could, _ in possible):
            return ()
        one = self._world.class_of((facts, facts))
        known = self._known.get((one, possible))
        if known is None:
            found = (
                self._found(item, subject, one, excepted=excepted)
                for item, (could, excepted) in zip(self._watched, possible, strict=True)
                if could
            )
            known = tuple(item for item in found if item is not None)
            if len(self._known) >= _MOST_CLASSES:
                self._known.clear()
            self._known[one, possible] = known
        return tuple(item.of(subject) for item in known)

    def _found(self, item: _Watched, subject: Subject, one: Class, *, excepted: bool) -> SubjectViolation | None:
        """What of one invariant the subject does not keep; a call that shows it goes before a doubt."""
        doubt = ""
        for agent, context in self._ways(item, one):
            if not item.selector.through(agent, context, excepted=excepted):
                continue
            through = subject.model_copy(update={"agent": agent, "context": context})
            try:
                for seen in self._world.seen(one, agent, context):
                    found = _violation(item, through, seen)
                    if isinstance(found, Violation):
                        return SubjectViolation(item.invariant, found)
                    doubt = doubt or found
            except OverflowError:
                doubt = doubt or TOO_MANY_SCHEDULES
        return SubjectViolation(item.invariant, None, doubt) if doubt else None

    def _ways(self, item: _Watched, one: Class) -> Iterator[tuple[str | None, str | None]]:
        """Every agent and context that something which concerns the class tells apart, and any other (None)."""
        targets = self._model.index.targets
        agents: set[str] = set()
        contexts: set[str] = set()
        for selector in (item.selector, *(targets[candidate.target].selector for candidate in one[0].static)):
            for conditions in (selector.conditions, selector.exception):
                if conditions is not None:
                    agents |= conditions.agents or frozenset()
                    contexts |= conditions.contexts or frozenset()
        yield from product((None, *sorted(agents)), (None, *sorted(contexts)))


def _violation(item: _Watched, subject: Subject, seen: Seen) -> Violation | str:
    """The violation that a moment shows, or why none can be named; empty if there is none."""
    schedule = item.invariant.spec.schedule
    if schedule is not None and (schedule, None) not in seen.watched:
        return ""
    try:
        found = item.calls.violation(seen.before.effective, subject.user, seen.at)
    except TooComplexError as error:
        return error.message
    if found is None:
        return ""
    return Violation(subject, seen.at, *found) if seen.proved else UNKNOWN_TIME
