"""Shell commands, and other code that a tool runs: decided over all commands, by automata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from clawforge.analysis.language.budget import Budget, TooComplexError
from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair, united
from clawforge.decide.command_pattern import CommandPattern, matches_all, matches_any
from clawforge.decide.facets import CodeFacet
from clawforge.decide.shell import parse_command
from clawforge.effective import EffectiveExec
from clawforge.resource.policy import ExecMode

if TYPE_CHECKING:
    from clawforge.analysis.language.commands import CommandPredicate, CommandVectors

_PLAIN = "other"
_OPAQUE = "$PROGRAM"
"""A command line that the parser does not understand."""

_OTHERWISE = {
    ExecMode.FULL: Level.ALLOW,
    ExecMode.ASK: Level.ASK,
    ExecMode.ALLOWLIST: Level.DENY,
    ExecMode.DENY: Level.DENY,
}


class Commands:
    """One side, compiled."""

    def __init__(self, rules: EffectiveExec) -> None:
        self.rules = rules
        self.allow = tuple(_patterns(texts) for texts in rules.allow)
        self.deny = _patterns(rules.deny)

    @property
    def predicates(self) -> tuple[CommandPredicate, ...]:
        """The lists that commands are held against in this mode; the last one is the deny list if there is one."""
        from clawforge.analysis.language.commands import CommandPredicate

        if self.rules.mode is ExecMode.DENY:
            return ()
        lists = self.allow if self.rules.mode is not ExecMode.FULL else ()
        found = [CommandPredicate(patterns) for patterns in lists]
        return (*found, CommandPredicate(self.deny, describes=True)) if self.deny else tuple(found)

    def level(self, matched: Sequence[bool]) -> Level:
        """The level of a command that the parser understands, by which of `predicates` match it."""
        if self.rules.mode is ExecMode.DENY or (self.deny and matched[-1]):
            return Level.DENY
        if self.rules.mode is ExecMode.FULL:
            return Level.ALLOW
        lists = matched[: len(self.allow)]
        return Level.ALLOW if lists and all(lists) else _OTHERWISE[self.rules.mode]

    def judged(self, command: str) -> Level:
        """The level of one command line, by the parser itself."""
        parsed = parse_command(command)
        if self.rules.mode is ExecMode.DENY or (self.deny and matches_any(parsed, self.deny) is not None):
            return Level.DENY
        if self.rules.mode is ExecMode.FULL or matches_all(parsed, self.allow):
            return Level.ALLOW
        return _OTHERWISE[self.rules.mode]

    def plainest(self) -> Outcomes | None:
        """The pairs of this side with itself, if some command passes that is easily found; None if none is. What else
        commands get does not matter where both sides say the same."""
        patterns = [_plain(text) for texts in self.rules.allow[:1] for text in texts]
        found: dict[Pair, Example] = {}
        for text in (_PLAIN, *patterns):
            level = self.judged(text)
            found.setdefault((level, level), Example({"command": text}))
            if level is Level.ALLOW:
                return found
        return None


def command_outcomes(before: EffectiveExec, after: EffectiveExec) -> Outcomes:
    """The pairs of calls to a tool that runs commands. Raises TooComplexError."""
    return _command_outcomes(before, after)


@lru_cache(maxsize=4096)
def plain_commands(before: EffectiveExec, after: EffectiveExec) -> frozenset[Pair]:
    """Some of the pairs of `command_outcomes`: those of what the patterns that differ say most plainly."""
    sides = (Commands(before), Commands(after))
    ours, theirs = ({*side.deny, *(text for texts in side.allow for text in texts)} for side in (before, after))
    first = [text for side in (before, after) for texts in side.allow[:1] for text in texts[:1]]
    commands = {_PLAIN, *map(_plain, (*first, *(ours ^ theirs)))}
    return frozenset((sides[0].judged(text), sides[1].judged(text)) for text in commands)


def code_outcomes(before: EffectiveExec, after: EffectiveExec, code: CodeFacet) -> Outcomes:
    """The pairs of calls to a tool that may run other code, which nobody can judge."""
    pair = (_OTHERWISE[before.mode], _OTHERWISE[after.mode])
    if code.keys:
        return united((FREE, {pair: Example({code.keys[0]: "run"})}))
    runs: Outcomes = {pair: Example(note="a call that runs code")}
    safe = next(iter(code.safe.items()), None)
    if safe is None or not safe[1]:
        return runs
    return united(({(Level.ALLOW, Level.ALLOW): Example({safe[0]: safe[1][0]})}, runs))


def commands_within(rules: EffectiveExec, patterns: Sequence[CommandPattern]) -> Outcomes:
    """The levels of the commands that run something that the patterns describe. Raises TooComplexError."""
    from clawforge.analysis.language.commands import CommandPredicate

    side = Commands(rules)
    wanted = CommandPredicate(tuple(patterns), describes=True)
    vectors = _vectors((*side.predicates, wanted))
    found: dict[Pair, Example] = {}
    for vector, text in _settled(vectors):
        level = side.judged(text) if text in vectors.unverified.values() else side.level(vector[:-1])
        if vector[-1]:
            found.setdefault((level, level), Example({"command": text}))
    return found


@lru_cache(maxsize=4096)
def _command_outcomes(before: EffectiveExec, after: EffectiveExec) -> Outcomes:
    sides = (Commands(before), Commands(after))
    if before == after:
        known = sides[0].plainest()
        if known is not None:
            return known
    distinct = tuple(dict.fromkeys((*sides[0].predicates, *sides[1].predicates)))
    places = [[distinct.index(item) for item in side.predicates] for side in sides]

    def pair_of(vector: Sequence[bool]) -> Pair:
        ours, theirs = (side.level([vector[at] for at in place]) for side, place in zip(sides, places, strict=True))
        return ours, theirs

    vectors = _vectors(distinct)
    found: dict[Pair, Example] = {}
    for vector, text in vectors.found.items():
        found.setdefault(pair_of(vector), Example({"command": text}))
    for text in (_OPAQUE, *vectors.unverified.values()):
        pair = (sides[0].judged(text), sides[1].judged(text))
        found.setdefault(pair, Example({"command": text}, note="a command that cannot be understood"))
    # Where no example was confirmed the parser sees through none of these commands, so no list of allowed ones counts.
    for vector in vectors.unverified:
        hidden = [matched and predicate.describes for matched, predicate in zip(vector, distinct, strict=True)]
        if pair_of(hidden) not in found:
            raise TooComplexError("Some commands could not be told apart by an example.")
    return found


def _vectors(predicates: tuple[CommandPredicate, ...]) -> CommandVectors:
    from clawforge.analysis.language.commands import command_vectors

    return command_vectors(predicates, Budget())


def _settled(vectors: CommandVectors) -> Iterator[tuple[tuple[bool, ...], str]]:
    """The vectors with an example each. Where the parser sees a wrapper in every example, it decides about that."""
    yield from vectors.found.items()
    yield from vectors.unverified.items()


def _plain(pattern: str) -> str:
    """A command that the pattern says, unless it has words of another meaning."""
    return pattern.removesuffix(" **").replace("*", "x")


def _patterns(texts: Sequence[str]) -> tuple[CommandPattern, ...]:
    """Patterns come out of validated models, so each can be read."""
    return tuple(CommandPattern.parse(text) for text in texts)
