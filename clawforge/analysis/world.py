"""Two states of an org, and what any subject gets from one and from the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from clawforge.analysis.moments import ALWAYS, Cell, Key, Moments, key_of
from clawforge.analysis.plain_difference import differs_plainly
from clawforge.effective import Effective
from clawforge.resolve.bare import Bare
from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.org import OrgModel, is_any_base
from clawforge.resolve.subject import Subject
from clawforge.resolve.targets import StaticClass, Target
from clawforge.resource.meta import Resource, Strict
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy
from clawforge.resource.targeting import Schedule
from clawforge.resource.version_target import VersionTarget

if TYPE_CHECKING:
    from clawforge.analysis.comparison import Comparison

_MOST_COMPARED = 50_000
_PARTS = ("enforced", "floor", "dlp", "skills", "versions")
"""The parts of an effective policy that decide about calls."""


class SideClass(NamedTuple):
    """What of a subject matters to one side, apart from agent, context and time. What is simply for everybody tells
    nobody apart, so it is not in `static`."""

    static: StaticClass
    suspended: bool


class ForAll(NamedTuple):
    """Targets of one side that everybody matches, those that hold always and the others, and the keys of the others."""

    always: tuple[int, ...]
    scheduled: tuple[int, ...]
    keys: frozenset[Key]


Class = tuple[SideClass, SideClass]
"""What of a subject matters at all: subjects of one class cannot be told apart."""


@dataclass(frozen=True)
class Seen:
    """What a subject gets before and after, at a moment; `proved` is False for a moment that may never come. `watched`
    are the keys of watched schedules that hold."""

    at: dt.datetime
    proved: bool
    watched: frozenset[Key]
    before: Bare
    after: Bare
    _compared: Callable[[Bare, Bare, dt.datetime], Comparison]

    @cached_property
    def comparison(self) -> Comparison:
        """What changes between the two, worked out when it is first asked for."""
        return self._compared(self.before, self.after, self.at)

    @property
    def surely_differs(self) -> bool:
        """Whether something is plainly called otherwise; cheap, and False where that would take a closer look."""
        return self.before is not self.after and differs_plainly(self.before.effective, self.after.effective)


class World:
    """Compares two states. Answers are remembered by class and by policy; nothing is ever worked out per person."""

    def __init__(
        self,
        before: Iterable[Resource],
        after: Iterable[Resource],
        since: dt.datetime,
        *,
        models: Models | None = None,
        moments: Moments | None = None,
        watched: Iterable[Schedule] = (),
    ) -> None:
        self.since = since
        self.resources: tuple[Mapping[str, Resource], ...] = (_by_address(before), _by_address(after))
        self.sides = models or tuple(OrgModel(tuple(side.values())) for side in self.resources)
        self._moments = moments
        self._watched: frozenset[Key] = frozenset((schedule, None) for schedule in watched)
        self._parts: dict[int, tuple[Strict, Strict]] = {}
        self._equals: dict[Strict, Strict] = {}
        self._shared: dict[tuple[int, bool], ForAll] = {}
        self._canonicals: dict[int, tuple[Bare, Bare]] = {}
        self._compared: dict[tuple[tuple[int, ...], tuple[int, ...], dt.datetime | None], Comparison] = {}
        self._seen: dict[tuple[Class, str | None, str | None, bool], tuple[Seen, ...]] = {}

    @cached_property
    def changed(self) -> frozenset[str]:
        """Addresses of resources that one side lacks or says otherwise; policies that extend such a one count too."""
        before, after = self.resources
        found = {
            address for address in before.keys() | after.keys() if not _same(before.get(address), after.get(address))
        }
        children = _children((*before.values(), *after.values()))
        waiting = list(found)
        while waiting:
            new = children.get(waiting.pop(), frozenset()) - found
            found |= new
            waiting += new
        return frozenset(found)

    @cached_property
    def concerns_everybody(self) -> bool:
        """The org's own resource changed: its defaults and its time zone are everybody's."""
        ours, theirs = ([item for item in side.values() if isinstance(item, Organization)] for side in self.resources)
        return [_defaults(item) for item in ours] != [_defaults(item) for item in theirs]

    @cached_property
    def _has_policies(self) -> bool:
        """Nobody can be elevated above policies that an org does not have yet, or has no more."""
        return all(any(isinstance(item, Policy) for item in side.values()) for side in self.resources)

    @cached_property
    def asked_roles(self) -> frozenset[str]:
        """The roles that some selector asks for."""
        found: set[str] = set()
        for side in self.sides:
            for target in side.index.targets:
                conditions = target.selector.conditions
                found.update((conditions.roles or ()) if conditions is not None else ())
        return frozenset(found)

    def facts(self, subject: Subject) -> tuple[SubjectFacts, SubjectFacts]:
        """The subject as the selectors of each side see it."""
        return self.sides[0].facts(subject), self.sides[1].facts(subject)

    def class_of(self, facts: tuple[SubjectFacts, SubjectFacts]) -> Class:
        """The class of a subject."""
        before, after = (
            SideClass(side.index.special(known), known.suspended) for side, known in zip(self.sides, facts, strict=True)
        )
        return before, after

    def is_untouched(self, one: Class) -> bool:
        """Nothing that matters to this class changed."""
        if self.concerns_everybody or self._changes_for_all or one[0].suspended != one[1].suspended:
            return False
        before, after = ([self._named(side, item) for item in one[side].static] for side in (0, 1))
        return before == after and not any(address in self.changed for address, _ in before)

    @cached_property
    def _changes_for_all(self) -> bool:
        """Something changed that is simply for everybody."""
        ours, theirs = ([side.index.targets[index].address for index in side.index.for_all] for side in self.sides)
        return ours != theirs or not self.changed.isdisjoint(ours)

    @cached_property
    def has_same_people(self) -> bool:
        """Everybody is in the same groups and holds the same roles on both sides."""
        return self.sides[0].membership is self.sides[1].membership

    def may_touch(self, facts: SubjectFacts) -> bool:
        """Whether somebody can match anything that changed, where everybody belongs where they did."""
        if self.concerns_everybody or self._changes_for_all:
            return True
        return any(target.selector.possible(facts)[0] for target in self._changed_targets)

    @property
    def changed_target_count(self) -> int:
        """How many targets of either side changed."""
        return len(self._changed_targets)

    @cached_property
    def _changed_targets(self) -> tuple[Target, ...]:
        return tuple(target for side in self.sides for target in side.index.targets if target.address in self.changed)

    def seen(self, one: Class, agent: str | None, context: str | None, *, guess: bool = True) -> tuple[Seen, ...]:
        """What the class gets through an agent and in a context, at every moment that differs from the others; with
        `guess` also at those of which nobody knows whether they come: that raises OverflowError for too many schedules.
        """
        key = (one, agent, context, guess)
        known = self._seen.get(key)
        if known is None:
            known = self._seen[key] = tuple(self._looked(one, agent, context, guess=guess))
        return known

    def compared(self, before: Bare, after: Bare, at: dt.datetime) -> Comparison:
        """The two policies compared, once for every pair. Both must have come from `seen`."""
        from clawforge.analysis.comparison import NOTHING_CHANGES, compare

        ours, theirs = (tuple(id(getattr(side.effective, name)) for name in _PARTS) for side in (before, after))
        if ours == theirs:
            return NOTHING_CHANGES
        key = (ours, theirs, at if _is_dated(before.effective, after.effective) else None)
        known = self._compared.get(key)
        if known is None:
            if len(self._compared) >= _MOST_COMPARED:
                self._compared.clear()
            known = self._compared[key] = compare(before.effective, after.effective, at, elevated=self._has_policies)
        return known

    def messages_differ(self, seen: Seen) -> bool:
        """Whether refused calls come with other words, ordinary calls or elevated ones."""
        before, after = self.sides
        return before.messages(seen.before.matched) != after.messages(seen.after.matched)

    def _looked(self, one: Class, agent: str | None, context: str | None, *, guess: bool) -> Iterator[Seen]:
        through = tuple(
            self.sides[side].through(one[side].static, agent, context, suspended=one[side].suspended) for side in (0, 1)
        )
        shared = tuple(self._for_all(side, suspended=one[side].suspended) for side in (0, 1))
        keys = {key_of(self.sides[side].index.targets[index]) for side in (0, 1) for index in through[side]}
        keys.update(self._watched, *(common.keys for common in shared))
        done: set[object] = set()
        for cell in (*self.moments.cells(keys), *(self.moments.unproved(keys) if guess else ())):
            present = tuple(self._present(side, through[side], shared[side], cell) for side in (0, 1))
            before, after = (
                self._canonical(self.sides[side].bare(shared[side].always, present[side])) for side in (0, 1)
            )
            dated = cell.at if _is_dated(before.effective, after.effective) else None
            watched = cell.holding & self._watched
            if (present, dated, watched) not in done:
                done.add((present, dated, watched))
                yield Seen(cell.at, cell.proved, watched, before, after, self.compared)

    def _present(self, side: int, through: Iterable[int], shared: ForAll, cell: Cell) -> tuple[int, ...]:
        """What the class matches beside what always holds for everybody."""
        targets = self.sides[side].index.targets
        return tuple(sorted(index for index in (*through, *shared.scheduled) if _holds(key_of(targets[index]), cell)))

    def _for_all(self, side: int, *, suspended: bool) -> ForAll:
        """What everybody matches; a suspended user matches no base."""
        known = self._shared.get((side, suspended))
        if known is None:
            index = self.sides[side].index
            kept = [
                number for number in index.for_all if not (suspended and is_any_base(index.targets[number].resource))
            ]
            keys = {number: key_of(index.targets[number]) for number in kept}
            always = self.sides[side].one(tuple(number for number in kept if keys[number] == ALWAYS))
            scheduled = tuple(number for number in kept if keys[number] != ALWAYS)
            known = self._shared[side, suspended] = ForAll(
                always, scheduled, frozenset(keys[number] for number in scheduled)
            )
        return known

    def _canonical(self, bare: Bare) -> Bare:
        """The same with parts that are one object where they are equal, whichever side they are of."""
        known = self._canonicals.get(id(bare))
        if known is None:
            effective = bare.effective
            same = effective.model_copy(update={name: self._part(getattr(effective, name)) for name in _PARTS})
            known = self._canonicals[id(bare)] = (replace(bare, effective=same), bare)
        return known[0]

    def _part(self, part: Strict) -> Strict:
        known = self._parts.get(id(part))
        if known is None:
            # Both are kept, so that their identities stay their own.
            known = self._parts[id(part)] = (self._equals.setdefault(part, part), part)
        return known[0]

    def _named(self, side: int, candidate: tuple[int, bool]) -> tuple[str, bool]:
        return self.sides[side].index.targets[candidate[0]].address, candidate[1]

    @cached_property
    def moments(self) -> Moments:
        """Every moment that matters to somebody."""
        if self._moments is not None:
            return self._moments
        keys = {key_of(target) for side in self.sides for target in side.index.targets}
        deadlines = {
            item.spec.deadline
            for side in self.resources
            for item in side.values()
            if isinstance(item, VersionTarget) and item.spec.deadline is not None
        }
        return Moments(keys | self._watched, self.since, deadlines)


Models = tuple[OrgModel, ...]


def _holds(key: Key, cell: Cell) -> bool:
    return key == (None, None) or key in cell.holding


def _is_dated(before: Effective, after: Effective) -> bool:
    """Whether the moment matters to the comparison: only version targets look at it."""
    return bool(before.versions.targets or after.versions.targets)


def _by_address(resources: Iterable[Resource]) -> dict[str, Resource]:
    return {resource.address: resource for resource in resources}


def _same(before: Resource | None, after: Resource | None) -> bool:
    if before is after:
        return True
    return before is not None and after is not None and bool(before.spec == after.spec)


def _children(resources: Iterable[Resource]) -> dict[str, frozenset[str]]:
    """By the address of a policy, those that extend it."""
    found: dict[str, set[str]] = {}
    for resource in resources:
        if isinstance(resource, Policy):
            for parent in resource.spec.extends:
                found.setdefault(parent, set()).add(resource.address)
    return {parent: frozenset(children) for parent, children in found.items()}


def _defaults(organization: Organization) -> tuple[object, ...]:
    spec = organization.spec
    return (organization.metadata.name, spec.timezone, spec.audit, spec.offline)
