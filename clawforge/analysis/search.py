"""Looks for subjects, also such as do not exist yet, whom a change frees or binds.

Whoever is touched by a change matches a resource that changed, or has another membership than before. What else they
match can only hide the difference, except for the base that they start from (or several that tie), for exceptions
through which they escape what would hide it, for what a membership that comes or goes brings or excepts them from, and
for commands and skills, where resources work together (`companions`). So the search makes the least subjects that match
what changed, with every base and every escape, and if none of them shows a difference there is none: that is the proof.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from clawforge.analysis.companions import companions, ties
from clawforge.analysis.seeds import possible_directions, seeds
from clawforge.analysis.walk import (
    MOST_SUBJECTS,
    TOO_MANY,
    TOO_MANY_SCHEDULES,
    UNKNOWN_TIME,
    ExhaustedError,
    Walk,
    base_wants,
    one_want,
)
from clawforge.analysis.wants import Given, Want
from clawforge.analysis.world import Class, Seen, World
from clawforge.resolve.subject import Subject

if TYPE_CHECKING:
    from clawforge.analysis.comparison import CallExample


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody, at a moment, and a call that passes differently."""

    subject: Subject
    at: dt.datetime
    call: CallExample


@dataclass(frozen=True, slots=True)
class Direction:
    """Whether anything changes one way: `witness` is proof that it does; without doubts its absence is proof that
    nothing does."""

    witness: Witness | None = None
    doubts: tuple[str, ...] = ()

    @property
    def is_excluded(self) -> bool:
        """Proved never to happen."""
        return self.witness is None and not self.doubts


@dataclass(frozen=True, slots=True)
class Found:
    """Both directions of a change."""

    looser: Direction = Direction()
    tighter: Direction = Direction()


@dataclass(slots=True)
class _Trail:
    """What was found so far in one direction."""

    wanted: bool
    witness: Witness | None = None
    doubts: set[str] = field(default_factory=set)

    @property
    def is_settled(self) -> bool:
        return not self.wanted or self.witness is not None

    def add(self, subject: Subject, seen: Seen, call: CallExample | None, doubts: Iterable[str]) -> None:
        if not self.wanted:
            return
        if call is not None and not seen.proved:
            self.doubts.add(UNKNOWN_TIME)
        elif call is not None and (self.witness is None or _is_plainer(call, self.witness.call)):
            self.witness = Witness(subject, seen.at, call)
        self.doubts.update(doubts)

    @property
    def direction(self) -> Direction:
        return Direction(self.witness, () if self.witness is not None else tuple(sorted(self.doubts)))


class Search:
    """One search through the subjects of a world; with `first` only for whether anything changes at all."""

    def __init__(self, world: World, *, most: int = MOST_SUBJECTS, first: bool = False) -> None:
        self._world = world
        self._first, self._differs = first, False
        self._waiting: list[tuple[Subject, Seen]] = []
        directions = possible_directions(world)
        self._looser, self._tighter = _Trail(directions.looser), _Trail(directions.tighter)
        self._walk = Walk(world, self._look, self._is_settled, most=most)

    def run(self) -> Found:
        """Look until both directions are shown, or nobody is left."""
        self._search()
        return Found(self._looser.direction, self._tighter.direction)

    def changes_nothing(self) -> bool:
        """Whether it is proved that nothing changes for anybody, not even the message of a refusal. Only for a search
        for the `first` change."""
        self._search()
        found = (self._looser.direction, self._tighter.direction)
        return not self._differs and all(direction.is_excluded for direction in found)

    def _search(self) -> None:
        if not self._is_settled():
            try:
                self._visit_all()
            except ExhaustedError:
                self._doubt(TOO_MANY)

    def _visit_all(self) -> None:
        for wants, given in self._requests():
            if self._is_settled():
                return
            self._walk.grow(wants, given)
            self._catch_up()

    def _requests(self) -> Iterator[tuple[frozenset[Want], Given]]:
        """Whom to make: for every seed alone, then with every base, then with every companion too, then with two bases
        that tie."""
        planted = tuple(seeds(self._world, self._walk.tailor.alike))
        bases = [None, *base_wants(self._world)]
        for seed in planted:
            yield seed.wants, seed.given
        for seed in planted:
            for base in bases:
                yield seed.wants | one_want(base), seed.given
        for seed in planted:
            for companion in companions(self._world, seed.address):
                for base in bases:
                    yield seed.wants | {companion} | one_want(base), seed.given
        for seed in planted:
            for tie in ties(self._world, seed.address):
                yield seed.wants | tie, seed.given

    def _is_settled(self) -> bool:
        if self._first and (self._differs or self._looser.witness is not None or self._tighter.witness is not None):
            return True
        return self._looser.is_settled and self._tighter.is_settled

    def _look(self, subject: Subject, one: Class) -> None:
        if self._world.is_untouched(one):
            return
        try:
            for seen in self._world.seen(one, subject.agent, subject.context):
                if not self._first:
                    self._judge(subject, seen)
                elif seen.surely_differs or self._world.messages_differ(seen):
                    self._differs = True
                    return
                else:
                    self._waiting.append((subject, seen))
        except OverflowError:
            self._doubt(TOO_MANY_SCHEDULES)

    def _catch_up(self) -> None:
        """Take the closer look at what no first look told: often somebody else of the same kind told it cheaply."""
        waiting, self._waiting = self._waiting, []
        for subject, seen in waiting:
            if self._is_settled():
                return
            self._judge(subject, seen)

    def _judge(self, subject: Subject, seen: Seen) -> None:
        found = seen.comparison
        self._looser.add(subject, seen, found.looser, found.maybe_looser)
        self._tighter.add(subject, seen, found.tighter, found.maybe_tighter)

    def _doubt(self, text: str) -> None:
        self._looser.doubts.add(text)
        self._tighter.doubts.add(text)


def _is_plainer(call: CallExample, known: CallExample) -> bool:
    """A call of everybody says more than an elevated one, and that more than a setting."""
    return (call.setting is not None, call.elevated) < (known.setting is not None, known.elevated)
