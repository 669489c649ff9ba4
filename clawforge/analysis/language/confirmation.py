"""Examples of commands, held against the patterns themselves: what the automata say is believed only then."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from clawforge.analysis.language.budget import Budget
from clawforge.decide.command_pattern import CommandPattern, matches_any
from clawforge.decide.shell import ParsedCommand, parse_command

Vector = tuple[bool, ...]
"""One truth for each predicate."""

_MOST_BEGUN = 2_000
"""Examples of one vector that are looked at."""
_MOST_TRIED = 60
"""Of those, examples that are parsed as text."""
_STEPS_OF_A_LOOK, _STEPS_OF_A_LINE = 20, 200


class Confirmation:
    """Predicates as pairs: patterns, and whether they describe (deny) or match (allow)."""

    def __init__(self, predicates: Sequence[tuple[tuple[CommandPattern, ...], bool]], budget: Budget) -> None:
        self._predicates = predicates
        self._budget = budget
        self._steps = _STEPS_OF_A_LINE + sum(len(patterns) for patterns, _ in predicates) // 2

    def example(self, vector: Vector, commands: Iterable[tuple[str, ...]]) -> str | None:
        """The first of these commands, as a line, that has this vector when it is parsed as a shell would. Raises
        TooComplexError.
        """
        for words in islice(filter(self._is_understood, islice(commands, _MOST_BEGUN)), _MOST_TRIED):
            for line in _lines(words):
                self._budget.spend(self._steps)
                if self.vector(parse_command(line)) == vector:
                    return line
        return None

    def _is_understood(self, words: Sequence[str]) -> bool:
        self._budget.spend(_STEPS_OF_A_LOOK)
        return not parse_command(words).opaque

    def vector(self, parsed: ParsedCommand) -> Vector | None:
        """None for what is not one command that the parser understands."""
        if parsed.opaque or len(parsed.commands) != 1:
            return None
        command = parsed.commands[0]
        return tuple(
            matches_any(parsed, patterns) is not None
            if describes
            else any(pattern.matches(command) for pattern in patterns)
            for patterns, describes in self._predicates
        )


def command_line(words: Sequence[str]) -> str:
    """A line that a shell reads as these words, quoted where that is needed."""
    return next(_lines(words))


def _lines(words: Sequence[str]) -> Iterator[str]:
    """The same, then with every word in quotes, for words that a shell takes for more than words."""
    yield " ".join(shlex.quote(word) for word in words)
    yield " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in words)
