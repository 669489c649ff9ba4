"""The words of commands, as far as patterns tell them apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.character_machine import CharacterMachine, pieces_track
from clawforge.analysis.language.other_words import OtherWords
from clawforge.analysis.language.program_words import ProgramWords
from clawforge.analysis.language.word_condition import ANY, Ahead, AskedGlob, Sort, fillings, plain_characters

_NICE = ("x", "other", "another")


class CommandWords:
    """Sorts of words, remembered. `unused` is a bit that no outcome has."""

    def __init__(self, unused: int, budget: Budget) -> None:
        self._unused = unused
        self._budget = budget
        self._programs = ProgramWords(unused, budget)
        self._globs: dict[tuple[frozenset[AskedGlob], int], _ArgumentGlobs] = {}

    def sorts(self, ahead: Ahead, *, is_program: bool) -> Iterator[Sort]:
        """Every word that is spelled in full, and one for each outcome that other words have. Raises
        TooComplexError.
        """
        return self._programs.sorts(ahead) if is_program else self._arguments(ahead)

    def _arguments(self, ahead: Ahead) -> Iterator[Sort]:
        spelled: dict[str, int] = {}
        asked: list[AskedGlob] = []
        certain = 0
        for condition, outcome in ahead.items():
            pieces = condition.glob.pieces
            if len(pieces) == 1:
                spelled[pieces[0]] = outcome
            elif pieces == ANY:
                certain |= outcome
            else:
                asked.append((pieces, outcome))
        key = (frozenset(asked), certain)
        globs = self._globs.get(key)
        if globs is None:
            globs = self._globs[key] = _ArgumentGlobs(asked, certain, self._unused)
        # An empty word fulfils what nothing but `*` asks for, as some other word does, unless it is spelled.
        for outcome, word in globs.others.find(spelled.__contains__, self._budget).items():
            yield word, outcome
        for word, outcome in spelled.items():
            yield word, outcome | globs.outcome(word)


class _ArgumentGlobs:
    """Globs with `*`, and what is certain for every word."""

    def __init__(self, asked: list[AskedGlob], certain: int, unused: int) -> None:
        tracks = [pieces_track(pieces, outcome) for pieces, outcome in asked]
        self._machine = CharacterMachine(tracks, certain)
        self._start = self._machine.start()
        self.others = OtherWords(
            tracks,
            partial(CharacterMachine.start, tracks=range(len(tracks))),
            plain_characters(self._machine.characters),
            (*_NICE, *fillings(asked)),
            unused=unused,
            certain=certain,
        )

    def outcome(self, word: str) -> int:
        """What the globs that match a word lead to."""
        return self._machine.outcome(self._machine.run(self._start, word))
