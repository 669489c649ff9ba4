"""From commands that were run to the patterns that allow them, and as little else as it takes to keep the list short.

A command becomes a pattern of its own words. Where more commands than the limit differ in one argument alone, that
argument becomes `*`; later arguments are looked at first. So does a word that holds something sensitive, or that cannot
be written down. No pattern goes beyond the ones that allow the commands now.
"""

from __future__ import annotations

import shlex
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence

from clawforge.analysis.suggest.uses import Sensitive, Words, command_of
from clawforge.decide.command_pattern import CommandPattern

MOST_VARIANTS = 4
"""How many commands that differ in one argument stand side by side before that argument becomes `*`."""

_LONGEST_WORD = 120
_LONGEST_PATTERN = 1024
_MOST_PATTERNS = 500
_MOST_ROUNDS = 64

Draft = tuple[str | None, ...]
"""The program and its arguments; None is `*`."""


class UnwritableError(Exception):
    """There is no list of patterns that allows exactly this; the message says why, as a part of a sentence."""


def command_patterns(
    commands: Iterable[Words],
    present: Sequence[CommandPattern] | None,
    sensitive: Sensitive,
    variants: int = MOST_VARIANTS,
) -> tuple[str, ...]:
    """Patterns that allow each of the commands, sorted. Without `present` every command is allowed now.

    Raises UnwritableError.
    """
    drafts: dict[CommandPattern | None, set[Draft]] = defaultdict(set)
    for words in commands:
        within = None if present is None else _allowing(words, present)
        drafts[within].add(_draft(words, within, sensitive))
    found = {_text(draft) for within, group in drafts.items() for draft in _merged(group, within, variants)}
    if len(found) > _MOST_PATTERNS:
        raise UnwritableError(f"it would take more than {_MOST_PATTERNS} patterns")
    return tuple(sorted(found))


def _allowing(words: Words, present: Sequence[CommandPattern]) -> CommandPattern:
    command = command_of(words)
    for pattern in present:
        if pattern.matches(command):
            return pattern
    raise UnwritableError("some commands that passed match no pattern of its own list")


def _draft(words: Words, within: CommandPattern | None, sensitive: Sensitive) -> Draft:
    directory, program, arguments = words
    by_path = not command_of(words).is_system_program or (within is not None and within.is_by_path)
    first = directory + program if by_path else program
    if not _is_writable(first, sensitive):
        raise UnwritableError("the name of some program cannot be written into a policy")
    found: list[str | None] = [first]
    for position, argument in enumerate(arguments, start=1):
        if _is_writable(argument, sensitive):
            found.append(argument)
        elif _may_be_anything(within, position):
            found.append(None)
        else:
            raise UnwritableError("some argument cannot be written into a policy")
    return tuple(found)


def _is_writable(word: str, sensitive: Sensitive) -> bool:
    if len(word) > _LONGEST_WORD or any(unicodedata.category(character)[0] == "C" for character in word):
        return False
    return not sensitive(word)


def _may_be_anything(within: CommandPattern | None, position: int) -> bool:
    """Whether the pattern that allows the command now leaves the argument open."""
    if within is None:
        return True
    if position < len(within.words):
        return within.words[position].pieces == ("", "")
    return within.is_open


def _merged(drafts: set[Draft], within: CommandPattern | None, variants: int) -> set[Draft]:
    """Until no argument has too many variants any more."""
    current = set(drafts)
    for _ in range(_MOST_ROUNDS):
        before = current
        for position in range(max(map(len, current), default=0) - 1, 0, -1):
            if _may_be_anything(within, position):
                current = _opened(current, position, variants)
        if current == before:
            break
    return _without_covered(current)


def _opened(drafts: set[Draft], position: int, variants: int) -> set[Draft]:
    """With `*` at a position, for those that differ there alone and are too many."""
    alike: dict[Draft, set[Draft]] = defaultdict(set)
    for draft in drafts:
        if len(draft) > position:
            alike[(*draft[:position], None, *draft[position + 1 :])].add(draft)
    found = {draft for draft in drafts if len(draft) <= position}
    for opened, group in alike.items():
        if len(group) > variants or opened in group:
            found.add(opened)
        else:
            found |= group
    return found


def _without_covered(drafts: set[Draft]) -> set[Draft]:
    wide = [draft for draft in drafts if None in draft]
    return {draft for draft in drafts if not any(other is not draft and _covers(other, draft) for other in wide)}


def _covers(wide: Draft, narrow: Draft) -> bool:
    if len(wide) != len(narrow) or wide == narrow:
        return False
    return all(left is None or left == right for left, right in zip(wide, narrow, strict=True))


def _text(draft: Draft) -> str:
    text = " ".join("*" if word is None else shlex.quote(word) for word in draft)
    if len(text) > _LONGEST_PATTERN:
        raise UnwritableError("some command is too long for a pattern")
    try:
        CommandPattern.parse(text)
    except ValueError as error:
        raise UnwritableError("some command cannot be written as a pattern") from error
    return text
