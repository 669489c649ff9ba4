"""The names in paths, as far as globs tell them apart.

Most globs ignore case, and then a name stands for all its spellings. A set such as `[!a-z]` does not: it is held
against a name as it is spelled and against it without case. Where there is one, spellings are told apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.character_machine import CharacterMachine, State, Token, Track, pieces_track
from clawforge.analysis.language.other_words import OtherWords, by_looks, fresh_characters
from clawforge.analysis.language.spellings import cased, has_other_spelling, is_usable, telling_characters
from clawforge.decide.paths import MANY, NameGlob, fits_character

Ahead = Mapping[NameGlob, int]
"""What may be asked of the next name, and the state that it leads to."""

_NICE = ("x", "other", "another")
_NO_NAMES = frozenset({".", ".."})
_RESPELLED: tuple[Token, ...] = (None, has_other_spelling, None)
"""A name that holds a character with another spelling."""

Sort = tuple[str, int]
"""A name, and the joined outcomes of all globs that match it."""


class PathNames:
    """Sorts of names, remembered. `globs` are all that are ever asked. `unused` and `respelled` are bits that no
    outcome has; the second is added for a name that can be spelled in another case, and is 0 if nobody asks.
    """

    def __init__(self, globs: Collection[NameGlob], unused: int, respelled: int, budget: Budget) -> None:
        self._telling = [] if all(glob.pieces for glob in globs) else telling_characters(globs, budget)
        self._unused = unused
        self._respelled = respelled
        self._budget = budget
        self._sorts: dict[frozenset[tuple[NameGlob, int]], tuple[Sort, ...]] = {}
        self._globs: dict[frozenset[tuple[NameGlob, int]], _Globs] = {}

    def sorts(self, ahead: Ahead) -> tuple[Sort, ...]:
        """Every name that is spelled in full, and one for each outcome that other names have. Raises
        TooComplexError.
        """
        key = frozenset(ahead.items())
        found = self._sorts.get(key)
        if found is None:
            best: dict[int, Sort] = {}
            for name, outcome in self._all(ahead):
                plain = outcome & ~self._respelled
                if plain not in best or outcome > best[plain][1]:
                    best[plain] = (name, outcome)
            found = self._sorts[key] = tuple(best.values())
            # Each outcome is as long as a state.
            self._budget.spend(len(found) * (1 + self._unused.bit_length() // 512))
        return found

    def _all(self, ahead: Ahead) -> Iterator[Sort]:
        spelled: dict[str, tuple[str, int]] = {}
        wild: dict[NameGlob, int] = {}
        for glob, outcome in ahead.items():
            if glob.literal is None:
                wild[glob] = outcome
            else:
                folded = glob.literal.casefold()
                before = spelled.get(folded, (glob.literal, 0))
                spelled[folded] = (before[0], before[1] | outcome)
        key = frozenset(wild.items())
        globs = self._globs.get(key)
        if globs is None:
            globs = self._globs[key] = _Globs(wild, self._telling, self._unused, self._respelled, self._budget)
        yield from globs.others(spelled)
        for name, outcome in spelled.values():
            self._budget.spend(len(name))
            if name not in _NO_NAMES and all(map(is_usable, name)):
                yield from ((spelling, joined | outcome) for spelling, joined in globs.spellings(name))


class _Globs:
    """Globs with wildcards. `telling` are the characters that sets and `?` tell apart."""

    def __init__(self, wild: Ahead, telling: Sequence[str], unused: int, respelled: int, budget: Budget) -> None:
        self._budget = budget
        self._telling = any(not glob.pieces for glob in wild)
        self._tracks = [Track(_RESPELLED, respelled)]
        certain = 0
        for glob, outcome in wild.items():
            if glob.tokens == (MANY,):
                certain |= outcome
            self._tracks += _tracks(glob, outcome)
        self._machine = CharacterMachine(self._tracks, certain)
        self._start = self._machine.start()
        spelled = self._machine.characters
        plain = [*fresh_characters(spelled), *by_looks(filter(is_usable, spelled))]
        self._others = OtherWords(
            self._tracks,
            partial(CharacterMachine.start, tracks=range(len(self._tracks))),
            list(dict.fromkeys((*plain, *telling))) if self._telling else plain,
            (*_NICE, *_fillings(wild)),
            unused=unused,
            certain=certain,
            folded=True,
        )

    def others(self, spelled: Mapping[str, object]) -> Iterator[Sort]:
        """A name for each outcome of those that are not spelled in full."""

        def is_spelled(name: str) -> bool:
            return name in _NO_NAMES or name.casefold() in spelled

        yield from ((name, outcome) for outcome, name in self._others.find(is_spelled, self._budget).items())

    def spellings(self, name: str) -> Iterator[Sort]:
        """The spellings of a name that are told apart, the given one first."""
        yield name, self._machine.outcome(self._machine.run(self._start, name))
        if not self._telling:
            return
        folded = name.casefold()
        reached: list[dict[State, str]] = [{} for _ in range(len(folded) + 1)]
        reached[0][self._start] = ""
        for at, states in enumerate(reached):
            for state, begun in states.items():
                for character, length in _spellings(folded, at):
                    self._budget.spend()
                    following = self._machine.step(state, character)
                    reached[at + length].setdefault(following, begun + character)
        for state, spelling in reached[-1].items():
            yield spelling, self._machine.outcome(state)


def _spellings(folded: str, at: int) -> Iterator[tuple[str, int]]:
    """Characters that fold to what comes next, each with the length of that."""
    if at < len(folded):
        yield folded[at], 1
    for length in range(1, len(folded) - at + 1)[:3]:
        for character in cased().get(folded[at : at + length], ()):
            yield character, length


def _tracks(glob: NameGlob, outcome: int) -> Iterator[Track]:
    if glob.pieces:
        yield pieces_track(glob.pieces, outcome, is_folded=True)
        return
    tokens = tuple(_token(glob, index) for index in range(len(glob.tokens)))
    yield Track(tokens, outcome)
    yield Track(tokens, outcome, is_folded=True)


def _token(glob: NameGlob, index: int) -> Token:
    token = glob.tokens[index]
    return None if token is MANY else partial(fits_character, token)


def _fillings(globs: Iterable[NameGlob]) -> Iterator[str]:
    """Plain names that globs match."""
    spelled: Sequence[NameGlob] = [glob for glob in globs if glob.pieces]
    for glob in spelled:
        yield "x".join(glob.pieces)
    for glob in spelled:
        yield "".join(glob.pieces)
