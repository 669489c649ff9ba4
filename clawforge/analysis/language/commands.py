"""Which combinations of lists of command patterns some command satisfies.

All commands are read at once, word by word: words that no pattern tells apart count as one, and beginnings after which
the patterns can go on alike count as one. What is left is finite, and small for patterns that people write.

A deny list is held against the commands within a wrapper too (`sudo`, `find -exec`). They are followed as long as an
allow list may still match the wrapper: if none does, the wrapper passes no more freely than what it runs would pass by
itself, and that is read anyway.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.command_words import CommandWords
from clawforge.analysis.language.confirmation import Confirmation, Vector, command_line
from clawforge.analysis.language.inner_commands import WORDS, WRAPPERS, InnerView, InnerViews, ended_commands, sort_of
from clawforge.analysis.language.word_condition import Ahead, Kind, Sort, WordCondition, outcome_of
from clawforge.analysis.language.word_machine import Step, WordMachine, WordPattern
from clawforge.decide.command_pattern import CommandPattern

_STEPS_OF_A_STATE, _STEPS_OF_A_WORD, _STEPS_OF_A_LOOK = 10, 5, 200
_OWN, _INNER = False, True
"""Where patterns start: at the command itself; those that also look at commands within others."""


@dataclass(frozen=True, slots=True)
class CommandPredicate:
    """A list of patterns, of which one must match. `describes`: as deny lists do, `CommandPattern.describes`, and also
    on the commands within a wrapper; else as allow lists do, `CommandPattern.matches`.
    """

    patterns: tuple[CommandPattern, ...]
    describes: bool = False


@dataclass(frozen=True, slots=True)
class CommandVectors:
    """Truths of predicates, in their order, that commands have.

    `found` holds an example of each: a command line of one command, which the parser understands and which has exactly
    these truths. It holds commands within it only where those make the difference. `unverified` are vectors for which
    no example was confirmed, as where a pattern asks for `bash -c`, which the parser never sees through; with the
    command line that came nearest.
    """

    found: Mapping[Vector, str]
    unverified: Mapping[Vector, str]


def command_vectors(predicates: Sequence[CommandPredicate], budget: Budget) -> CommandVectors:
    """Every vector of these predicates. Raises TooComplexError."""
    reading = _Reading(predicates, budget)
    reading.read()
    found: dict[Vector, str] = {}
    unverified: dict[Vector, str] = {}
    confirmation = Confirmation([(item.patterns, item.describes) for item in predicates], budget)
    for vector, states in reading.reached().items():
        line = confirmation.example(vector, (reading.words(state) for state in states))
        if line is not None:
            found[vector] = line
        else:
            unverified[vector] = command_line(reading.words(states[0]))
    return CommandVectors(found, unverified)


@dataclass(frozen=True, slots=True)
class _State:
    """After some words: how far the patterns are, and what the parser has seen; with the last word and where it came
    from.
    """

    places: int
    view: InnerView | None
    word: str
    origin: int


class _Reading:
    """Reads all commands at once."""

    def __init__(self, predicates: Sequence[CommandPredicate], budget: Budget) -> None:
        self._predicates = predicates
        self._budget = budget
        self._machine = WordMachine(len(predicates), list(_patterns(predicates)))
        self._words = CommandWords(1 << self._machine.width, budget)
        self._views = InnerViews(budget)
        self._denying = [index for index, predicate in enumerate(predicates) if predicate.describes]
        allowing = [index for index, predicate in enumerate(predicates) if not predicate.describes]
        self._allowed = self._machine.matching(allowing)
        self._states: list[_State] = []
        self._seen: set[tuple[int, Hashable]] = set()
        self._lines: Sequence[str] | None = None

    def read(self) -> None:
        """Find all states. Raises TooComplexError."""
        start = self._machine.start(_OWN) | self._machine.start(_INNER)
        self._follow(start, None, -1)
        index = 0
        while index < len(self._states):
            state = self._states[index]
            self._follow(state.places, state.view, index)
            index += 1

    def reached(self) -> dict[Vector, list[int]]:
        """The states of each vector, those of shorter commands first, and those of plain programs before others."""
        found: dict[Vector, list[int]] = {}
        for plain in (True, False):
            for index, state in enumerate(self._states):
                if (state.view is None) is plain:
                    found.setdefault(self._machine.truths(state.places), []).append(index)
        return found

    def words(self, index: int) -> tuple[str, ...]:
        """The words that lead to a state."""
        words: list[str] = []
        while index >= 0:
            state = self._states[index]
            words.append(state.word)
            index = state.origin
        return tuple(reversed(words))

    def _follow(self, places: int, view: InnerView | None, index: int) -> None:
        """Read one more word."""
        inner = self._machine.start(_INNER) if view is not None and view.starts and self._counts_within(places) else 0
        ahead, stays = self._machine.ahead(places | inner, self._budget)
        if not ahead and places == stays and view is None and index >= 0:
            return
        own = self._machine.ahead(places, self._budget)[0] if inner else ahead
        before = self.words(index)
        seen: set[tuple[int, str]] = set()
        is_program = index < 0 or bool(inner)
        sorts = [*self._words.sorts(ahead, is_program=is_program), *self._more(ahead, stays, view, index)]
        self._budget.spend(_STEPS_OF_A_STATE + _STEPS_OF_A_WORD * len(sorts))
        for word, outcome in sorts:
            words = (*before, word)
            after = self._views.view(view, words)
            if inner and not (after is not None and after.begins):
                self._budget.spend(len(own))
                outcome = outcome_of(own, word)
            sort = (outcome, sort_of(word) if view is not None or index < 0 else "")
            if sort not in seen:
                seen.add(sort)
                self._reach(outcome | stays, after, words, index)

    def _more(self, ahead: Ahead, stays: int, view: InnerView | None, index: int) -> list[Sort]:
        """Words that make a difference to the parser, even if to no pattern."""
        if index < 0:
            wrappers = [(word, outcome_of(ahead, word)) for word in (WRAPPERS if self._denying else ())]
            return [sort for sort in wrappers if sort[1] & self._allowed]
        if view is None or view.is_hidden or not self._states[index].places & self._allowed:
            return []
        words = [*WORDS, *(self._inner_lines() if view.reads_text else ())]
        # A wrapper within another leads to nothing new, unless an allow list asks for words that only it can take.
        if view.starts and any(outcome & self._allowed & ~stays for outcome in ahead.values()):
            words += WRAPPERS
        return [(word, outcome_of(ahead, word)) for word in words]

    def _reach(self, places: int, view: InnerView | None, words: tuple[str, ...], origin: int) -> None:
        if view is not None and view.ends and self._counts_within(places):
            places |= self._machine.matching(self._denied_within(words))
        key = (places, None if view is None else view.key)
        if key not in self._seen:
            self._seen.add(key)
            self._budget.spend(_STEPS_OF_A_WORD + places.bit_length() // 512)
            self._states.append(_State(places, view, words[-1], origin))

    def _counts_within(self, places: int) -> bool:
        """Whether commands within matter: they can be had by themselves, unless an allow list lets the outer pass."""
        return bool(self._denying and places & self._allowed)

    def _denied_within(self, words: tuple[str, ...]) -> list[int]:
        """The deny lists that describe a command within to which no more words belong."""
        self._budget.spend(_STEPS_OF_A_LOOK + sum(len(self._predicates[index].patterns) for index in self._denying))
        ended = ended_commands(words)
        return [
            index
            for index in self._denying
            if any(pattern.describes(command) for command in ended for pattern in self._predicates[index].patterns)
        ]

    def _inner_lines(self) -> Sequence[str]:
        """Command lines for every vector of the deny lists alone."""
        if self._lines is None:
            denying = [self._predicates[index] for index in self._denying]
            self._lines = tuple(command_vectors(denying, self._budget).found.values()) if denying else ()
        return self._lines


def _patterns(predicates: Sequence[CommandPredicate]) -> Iterator[WordPattern[WordCondition]]:
    for owner, predicate in enumerate(predicates):
        for pattern in predicate.patterns:
            program, *arguments = pattern.words
            plain = Kind.NAMED if predicate.describes else Kind.SYSTEM
            first = WordCondition(Kind.WHOLE if pattern.is_by_path else plain, program)
            steps = (Step(first), *(Step(WordCondition(Kind.WHOLE, word)) for word in arguments))
            yield WordPattern(owner, _INNER if predicate.describes else _OWN, steps, pattern.is_open)
