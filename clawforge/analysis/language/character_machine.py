"""Globs of one word, read in step, character by character: which of them can match together.

Each glob has an outcome: the bits of the state of words that it leads to. Words are told apart by the outcomes of all
globs that match them, joined; a glob that can add nothing to what is already certain is no longer followed. That keeps
`*secret*`, `*token*` and forty more of their kind, which all lead to the same, from being told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from clawforge.analysis.language.budget import Budget

Token = str | Callable[[str], bool] | None
"""A character, a test of one, or None for any characters."""

_BITS_OF_A_STEP, _STAYS_OF_A_STEP, _TRACKS_OF_A_STEP = 250, 70, 50

State = tuple[int, int]
"""Where the globs are, and the outcomes that are certain."""


@dataclass(frozen=True, slots=True)
class Track:
    """A glob and its outcome. `is_folded`: it is held against the word without case, character by character."""

    tokens: tuple[Token, ...]
    outcome: int
    is_folded: bool = False


def literal_track(text: str, outcome: int, *, is_folded: bool = False) -> Track:
    """A word that stands for itself."""
    return Track(tuple(text.casefold() if is_folded else text), outcome, is_folded)


def pieces_track(pieces: Sequence[str], outcome: int, *, is_folded: bool = False) -> Track:
    """What stands between the `*` of a word."""
    tokens: list[Token] = list(pieces[0])
    for piece in pieces[1:]:
        tokens += (None, *piece)
    return Track(tuple(tokens), outcome, is_folded)


class CharacterMachine:
    """Compiled tracks. A character is one bit each track further; a `*` is a bit that stays."""

    def __init__(self, tracks: Sequence[Track], certain: int = 0) -> None:
        self.certain = certain
        """Outcomes of every word."""
        self._exact: dict[str, int] = {}
        self._exact_folded: dict[str, int] = {}
        self._tests: list[tuple[Callable[[str], bool], int, bool]] = []
        self._stays = self._folded = self._finals = 0
        self._before: dict[int, int] = {}
        self._outcomes: dict[int, int] = {}
        self._spans: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._masks: dict[str, tuple[int, ...]] = {}
        self._covered: dict[int, int] = {}
        self._joined: dict[int, int] = {0: 0}
        place = 0
        for track in tracks:
            place = self._compile(track, place)
        slowness = (
            place // _BITS_OF_A_STEP + self._stays.bit_count() // _STAYS_OF_A_STEP + len(tracks) // _TRACKS_OF_A_STEP
        )
        self.weight = 1 + slowness
        """Of one step, as a count: those on many globs at once take longer."""

    @property
    def characters(self) -> set[str]:
        """Those that the tracks spell."""
        return {*self._exact, *self._exact_folded}

    def start(self, tracks: Iterable[int] | None = None) -> State:
        """The state before the first character, of all tracks or of these."""
        chosen = range(len(self._starts)) if tracks is None else tracks
        bits = 0
        for index in chosen:
            bits |= self._starts[index]
        bits, certain = self._settle(bits, bits & self._stays, self.certain)
        return bits & ~self._spans_within(certain), certain

    def bits_of(self, count: int) -> int:
        """The bits of the first tracks."""
        return sum(span for span, _ in self._spans[:count])

    def joined(self, state: State, other: State) -> State:
        """Both states at once."""
        certain = state[1] | other[1]
        return (state[0] | other[0]) & ~self._spans_within(certain), certain

    def step(self, state: State, character: str) -> State:
        """The state after one more character."""
        bits, certain = state
        masks = self._masks.get(character) or self._mask(character)
        moved = (bits & masks[0]) << 1 | bits & self._stays
        for mask in masks[1:]:
            folded = moved & self._folded
            moved = moved & ~self._folded | (folded & mask) << 1 | folded & self._stays
        arrived = moved & self._stays & ~bits
        return self._settle(moved, arrived, certain) if arrived else (moved, certain)

    def run(self, state: State, text: str) -> State:
        """The state after more characters."""
        for character in text:
            state = self.step(state, character)
        return state

    def outcome(self, state: State) -> int:
        """What the tracks that match a word which ends here lead to."""
        finals = state[0] & self._finals
        joined = self._joined.get(finals)
        if joined is None:
            joined = 0
            for bit, outcome in self._outcomes.items():
                if finals & bit:
                    joined |= outcome
            self._joined[finals] = joined
        return state[1] | joined

    def distinct(self, characters: Collection[str], budget: Budget) -> list[str]:
        """The first character of each sort that the tracks tell apart. Raises TooComplexError."""
        budget.spend(len(characters) * (1 + len(self._tests) // 2))
        found: dict[tuple[int, ...], str] = {}
        for character in characters:
            found.setdefault(self._mask(character), character)
        return list(found.values())

    def _compile(self, track: Track, place: int) -> int:
        """Lay out one track from `place` on; returns where the next one may begin."""
        first, before = place, 0
        self._starts.append(1 << place)
        exact = self._exact_folded if track.is_folded else self._exact
        for token in track.tokens:
            bit = 1 << place
            if token is None:
                self._stays |= bit
                self._before[bit] = before
                continue
            if isinstance(token, str):
                exact[token] = exact.get(token, 0) | bit
            else:
                self._tests.append((token, bit, track.is_folded))
            before |= bit
            place += 1
        self._finals |= 1 << place
        self._outcomes[1 << place] = track.outcome
        span = (1 << place + 1) - (1 << first)
        self._spans.append((span, track.outcome))
        if track.is_folded:
            self._folded |= span
        return place + 1

    def _mask(self, character: str) -> tuple[int, ...]:
        """Which bits move on: for the character, and for the others that it folds to."""
        mask = self._masks.get(character)
        if mask is None:
            masks = [self._passed(one, self._exact_folded, folded=True) for one in list(character.casefold())]
            masks[0] |= self._passed(character, self._exact, folded=False)
            mask = self._masks[character] = tuple(masks)
        return mask

    def _passed(self, character: str, exact: Mapping[str, int], *, folded: bool) -> int:
        tested = (bit for test, bit, is_folded in self._tests if is_folded is folded and test(character))
        return sum(tested) | exact.get(character, 0)

    def _settle(self, bits: int, arrived: int, certain: int) -> State:
        """Drop what cannot matter any more after some `*` have been reached."""
        before = certain
        final = arrived & self._finals
        while final:
            lowest = final & -final
            final ^= lowest
            certain |= self._outcomes[lowest]
        if certain != before:
            bits &= ~self._spans_within(certain)
            arrived &= bits
        while arrived:
            lowest = arrived & -arrived
            arrived ^= lowest
            bits &= ~self._before[lowest]
        return bits, certain

    def _spans_within(self, certain: int) -> int:
        """The bits of the tracks that add nothing to outcomes."""
        covered = self._covered.get(certain)
        if covered is None:
            covered = sum(span for span, outcome in self._spans if not outcome & ~certain)
            self._covered[certain] = covered
        return covered
