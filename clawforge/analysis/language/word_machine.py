"""Lists of patterns of words, read in step: what each list can still match after some words, as one integer.

A place is a spot in a pattern before one of its words; a bit stands for it. Patterns of one list that go on alike share
their places. When a list matches whatever follows, all its bits are set: what else its patterns would have asked for
makes no difference any more. A `**` between words is a place that stays; all that the same pattern asked for before it
is then set with it, for the same reason. So two states are equal if nothing that follows can tell them apart by this.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from clawforge.analysis.language.budget import Budget

C = TypeVar("C", bound=Hashable)

_BITS_OF_A_STEP = 4_000


@dataclass(frozen=True, slots=True)
class Step(Generic[C]):
    """One word of a pattern: a condition on it, and whether any words may come before it."""

    condition: C
    after_any: bool = False


@dataclass(frozen=True, slots=True)
class WordPattern(Generic[C]):
    """A pattern of a list. `start` names when its reading starts; `is_open`: whether any words may follow."""

    owner: int
    start: Hashable
    steps: tuple[Step[C], ...]
    is_open: bool


class WordMachine(Generic[C]):
    """Compiled patterns of `owners` lists. Immutable."""

    def __init__(self, owners: int, patterns: Sequence[WordPattern[C]]) -> None:
        # The first two bits of each list say that it matches whatever follows, and that it matches if nothing does.
        self._conditions: list[C | None] = [None] * (2 * owners)
        self._next: list[int] = [0] * (2 * owners)
        self._lists = [1 << (2 * owner) for owner in range(owners)]
        self._stays: dict[int, int] = {}
        places: dict[tuple[int, Step[C], int], int] = {}
        starts: list[tuple[WordPattern[C], int]] = []
        for pattern in patterns:
            following = 2 * pattern.owner + (0 if pattern.is_open else 1)
            passed: list[int] = []
            for step in reversed(pattern.steps):
                following = self._place(places, pattern.owner, step, following)
                passed.append(following)
            self._remember_stays(passed)
            starts.append((pattern, following))
        self._full = self._lists.copy()
        for (owner, _, _), place in places.items():
            self._full[owner] |= 1 << place
        for owner in range(owners):
            self._full[owner] |= 1 << (2 * owner + 1)
        self._starts: dict[Hashable, int] = {}
        for pattern, place in starts:
            self._starts[pattern.start] = self._starts.get(pattern.start, 0) | self._reached(place)
        self._all_stays = sum(1 << place for place in self._stays)

    @property
    def width(self) -> int:
        """The number of bits of a state."""
        return len(self._conditions)

    def start(self, name: Hashable) -> int:
        """Where the patterns with this start begin."""
        return self._starts.get(name, 0)

    def matching(self, owners: Sequence[int]) -> int:
        """A state in which these lists match whatever follows."""
        return sum(self._full[owner] for owner in owners)

    def truths(self, state: int) -> tuple[bool, ...]:
        """Which lists match if no more words come."""
        return tuple(bool(state & bit << 1) for bit in self._lists)

    def ahead(self, state: int, budget: Budget) -> tuple[dict[C, int], int]:
        """What the next word may fulfil, with what that leads to, and what stays whatever the word is. Raises
        TooComplexError.
        """
        stays = 0
        for bit, full in zip(self._lists, self._full, strict=True):
            if state & bit:
                stays |= full
        live = state & ~stays
        kept = live & self._all_stays
        budget.spend(live.bit_count() * (1 + self.width // _BITS_OF_A_STEP))
        while kept:
            place = kept.bit_length() - 1
            before = self._stays[place]
            live &= ~before
            kept &= ~(before | 1 << place)
            stays |= before | 1 << place
        found: dict[C, int] = {}
        while live:
            lowest = live & -live
            live ^= lowest
            place = lowest.bit_length() - 1
            condition = self._conditions[place]
            if condition is not None:
                found[condition] = found.get(condition, 0) | self._reached(self._next[place])
        return found, stays

    def _place(self, places: dict[tuple[int, Step[C], int], int], owner: int, step: Step[C], following: int) -> int:
        key = (owner, step, following)
        place = places.get(key)
        if place is None:
            place = places[key] = len(self._conditions)
            self._conditions.append(step.condition)
            self._next.append(following)
            if step.after_any:
                self._stays[place] = 0
        return place

    def _remember_stays(self, passed: Sequence[int]) -> None:
        """Note for each place that stays which places of the pattern come before it; `passed` is from the end."""
        for index, place in enumerate(passed):
            if place in self._stays:
                self._stays[place] |= sum(1 << earlier for earlier in passed[index + 1 :])

    def _reached(self, place: int) -> int:
        """The bits of a place and of all that make no difference once it is reached."""
        if place < 2 * len(self._lists) and place % 2 == 0:
            return self._full[place // 2]
        return 1 << place | self._stays.get(place, 0)
