"""What patterns ask of one word of a command."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from clawforge.analysis.language.other_words import by_looks, fresh_characters
from clawforge.decide.command_pattern import WordGlob
from clawforge.decide.shell_program import SYSTEM_DIRECTORIES

ANY = ("", "")
"""The pieces of `*`."""


class Kind(Enum):
    """What of a word a glob is held against."""

    WHOLE = "all of it"
    SYSTEM = "the name of a program that is called by name, or in a directory that systems keep"
    NAMED = "the name of a program, or all of it"


@dataclass(frozen=True, slots=True)
class WordCondition:
    """What a pattern asks of one word."""

    kind: Kind
    glob: WordGlob

    def fits(self, word: str) -> bool:
        """Whether a word fulfils it."""
        if self.kind is Kind.WHOLE:
            return self.glob.matches(word)
        directory, slash, program = word.rpartition("/")
        if self.kind is Kind.NAMED:
            return self.glob.matches(program) or self.glob.matches(word)
        return (not slash or directory + slash in SYSTEM_DIRECTORIES) and self.glob.matches(program)


Ahead = Mapping[WordCondition, int]
"""What may be asked of the next word, and the state that it leads to."""

Sort = tuple[str, int]
"""A word, and the joined outcomes of all conditions that it fulfils."""


def outcome_of(ahead: Ahead, word: str) -> int:
    """The joined outcomes of all conditions that a word fulfils."""
    joined = 0
    for condition, outcome in ahead.items():
        if condition.fits(word):
            joined |= outcome
    return joined


AskedGlob = tuple[tuple[str, ...], int]
"""The pieces of a glob, and the state that it leads to."""


def is_system(directory: str) -> bool:
    """Whether a program in a directory, or without one, is the one that its name says."""
    return not directory or directory in SYSTEM_DIRECTORIES


def plain_characters(spelled: Collection[str]) -> list[str]:
    """The characters that globs spell, and one before them that stands for all others."""
    return [fresh_characters(spelled)[0], *by_looks(spelled)]


def fillings(globs: Iterable[AskedGlob]) -> Iterator[str]:
    """Plain words that globs match."""
    pieces = [pieces for pieces, _ in globs]
    yield from map("x".join, pieces)
    yield from map("".join, pieces)
