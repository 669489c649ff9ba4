"""Words that globs with wildcards tell apart, other than those that are spelled in full elsewhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.character_machine import CharacterMachine, State, Track, literal_track
from clawforge.analysis.language.exploring import Explored

_FILLERS = "xoqzwvkjuyabcdefghilmnprst0123456789_XOQZ"
_BEYOND = 0x4E00
"""Characters from here on have no case and no accents."""


def fresh_characters(spelled: Collection[str]) -> tuple[str, str]:
    """Two characters that are not `spelled`, nor is another case of them: a letter if one is left, and one without
    case.
    """
    beyond = (chr(code) for code in range(_BEYOND, _BEYOND + len(spelled) + 2))
    plain = [character for character in (*_FILLERS, *beyond) if character not in spelled]
    letter = next((one for one in plain if one.isalpha() and one.swapcase() not in spelled), plain[0])
    return letter, next(one for one in plain if one.swapcase() == one)


def by_looks(characters: Iterable[str]) -> list[str]:
    """The plainest first, so that found words are as plain as can be."""

    def rank(character: str) -> tuple[int, bool, str]:
        if character.isascii():
            kind = 0 if character.isalnum() else 1 if character in "-_.+=" else 2
        else:
            kind = 3 if unicodedata.category(character)[0] in "LN" else 4
        return kind, character.isupper(), character

    return sorted(characters, key=rank)


class OtherWords:
    """Of one set of globs, from one state of their machine on.

    Words have at least one character and are made of `characters`; `start` is where the globs stand before them, given
    their machine. `nice` are words to take if they do. `unused` is a bit that no outcome has; `folded`: words that are
    equal without case are the same.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        start: Callable[[CharacterMachine], State],
        characters: Sequence[str],
        nice: Iterable[str],
        *,
        unused: int,
        certain: int = 0,
        folded: bool = False,
    ) -> None:
        self._tracks = tracks
        self._start = start
        self._characters = characters
        self._nice = tuple(dict.fromkeys(nice))
        self._spelled = unused
        self._certain = certain
        self._folded = folded
        self._rounds: dict[tuple[str, ...], dict[int, list[str]]] = {}

    def find(self, is_spelled: Callable[[str], bool], budget: Budget) -> dict[int, str]:
        """A word for each outcome of those that are not spelled elsewhere. Raises TooComplexError."""
        excluded: tuple[str, ...] = ()
        while True:
            words = self._rounds.get(excluded)
            if words is None:
                words = self._rounds[excluded] = self._round(excluded, budget)
            budget.spend(len(words))
            found: dict[int, str] = {}
            clashes: list[str] = []
            for outcome, candidates in words.items():
                free = next((word for word in candidates if not is_spelled(word)), None)
                if free is not None:
                    found[outcome] = free
                else:
                    clashes += candidates
            if not clashes:
                return found
            excluded += tuple(clashes)

    def _round(self, excluded: Sequence[str], budget: Budget) -> dict[int, list[str]]:
        """For each outcome the words of which one may be taken, where those that are excluded may not."""
        spelled = [literal_track(word, self._spelled, is_folded=self._folded) for word in excluded]
        machine = CharacterMachine((*self._tracks, *spelled), self._certain)
        added = range(len(self._tracks), len(self._tracks) + len(spelled))
        start = machine.joined(self._start(machine), machine.start(added))
        characters = machine.distinct(self._characters, budget)
        explored = Explored(start, characters, machine.step, budget, weight=machine.weight)
        states: dict[int, State] = {}
        for state in explored:
            outcome = machine.outcome(state)
            if not outcome & self._spelled:
                states.setdefault(outcome, state)
        found: dict[int, list[str]] = {outcome: [] for outcome in states}
        for word in self._nice:
            outcome = machine.outcome(machine.run(start, word))
            if outcome in found:
                found[outcome].append(word)
        for outcome, state in states.items():
            found[outcome].append(explored.word(state))
        return found
