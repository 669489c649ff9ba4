"""Walks through subjects, known or not: the least ones for what is wanted, and those that escape through exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clawforge.analysis.wants import NOTHING_GIVEN, Given, Tailor, Want
from clawforge.analysis.world import Class, World
from clawforge.resolve.subject import Subject
from clawforge.resolve.targets import Target
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement

MOST_SUBJECTS = 60_000
"""Subjects that one walk makes before it gives up, and says so. Looking closer at one counts as several."""

_CLOSER_LOOK = 20

TOO_MANY = "There are too many combinations of groups, policies and exceptions to look at all of them."
TOO_MANY_SCHEDULES = "Too many schedules may be open at once to look at all their combinations."
UNKNOWN_TIME = "Whether certain schedules are ever open or shut together is not known."


class ExhaustedError(Exception):
    """More subjects than one walk may make."""


class Walk:
    """Visits every class of subjects once; `look` gets a subject of it. The walk ends when `is_over` says so.

    Raises ExhaustedError after `most` subjects.
    """

    def __init__(
        self,
        world: World,
        look: Callable[[Subject, Class], None],
        is_over: Callable[[], bool],
        *,
        most: int = MOST_SUBJECTS,
    ) -> None:
        self._world = world
        self.tailor = Tailor(world.sides)
        self._look = look
        self._is_over = is_over
        self._left = most
        self._visited: set[tuple[Class, str | None, str | None]] = set()
        self._asked: set[tuple[frozenset[Want], Given]] = set()

    def grow(self, wants: frozenset[Want], given: Given = NOTHING_GIVEN) -> None:
        """Visit the least subjects for these wants, then those that escape from what they match."""
        waiting = [wants]
        while waiting and not self._is_over():
            current = waiting.pop()
            if (current, given) in self._asked:
                continue
            self._asked.add((current, given))
            for subject in self.tailor.subjects(current, given):
                self._spend(1)
                waiting += [current | {escape} for escape in self._visit(subject) if escape not in current]

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise ExhaustedError

    def _visit(self, subject: Subject) -> list[Want]:
        """Look at one subject; the exceptions that would take it out of something that it matches."""
        one = self._world.class_of(self._world.facts(subject))
        key = (one, subject.agent, subject.context)
        if key not in self._visited:
            self._visited.add(key)
            self._spend(_CLOSER_LOOK)
            self._look(subject, one)
        return list(self._escapes(one))

    def _escapes(self, one: Class) -> Iterator[Want]:
        for side in range(len(one)):
            for candidate in one[side].static:
                exception = self._world.sides[side].index.targets[candidate.target].selector.exception
                if exception is not None and not (candidate.excepted and not exception.asks_about_call):
                    yield Want(side, exception)


def one_want(want: Want | None) -> frozenset[Want]:
    """A want, or none, as a set."""
    return frozenset() if want is None else frozenset((want,))


def base_wants(world: World) -> list[Want]:
    """What matching each base of either side asks for, without those that match everybody."""
    return target_wants(world, is_base)


def target_wants(world: World, wanted: Callable[[Target], bool]) -> list[Want]:
    """What matching each of these targets of either side asks for, without those that match everybody."""
    found: dict[Want, None] = {}
    for side, model in enumerate(world.sides):
        for target in model.index.targets:
            conditions = target.selector.conditions
            if conditions is not None and wanted(target):
                found[Want(side, conditions)] = None
    return list(found)


def is_base(target: Target) -> bool:
    """Whether it is a base policy that decides."""
    resource = target.resource
    return (
        isinstance(resource, Policy)
        and resource.spec.mode is PolicyMode.BASE
        and resource.spec.enforcement is Enforcement.ENFORCE
    )
