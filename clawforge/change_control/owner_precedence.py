"""Which lines of a CODEOWNERS file for GitHub win over others: of those that mean a file, the last one does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clawforge.change_control.owner_pattern import generic_path

_WORD = re.compile(r"(?:\\.|\S)+")
_STARS = re.compile(r"\*+")
_ANY = "**"
_WILD = frozenset("*?")


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """`number` counts from 0; `names` is the pattern from the top of the repository, name by name, where `**` is any
    number of folders."""

    number: int
    pattern: str
    names: tuple[str, ...]
    owners: frozenset[str]


def owner_lines_of(lines: Sequence[str]) -> tuple[OwnerLine, ...]:
    """The lines that name owners. One without says that nobody has to be asked."""
    found = []
    for number, line in enumerate(lines):
        words = _WORD.findall(line)
        comment = next((place for place, word in enumerate(words) if word.startswith("#")), len(words))
        if comment > 1:
            pattern, *owners = words[:comment]
            found.append(OwnerLine(number, pattern, _names(pattern), frozenset(owners)))
    return tuple(found)


def overruled(before: Sequence[str], ours: Sequence[str]) -> tuple[OwnerLine, ...]:
    """The lines before ours whose owners are not asked any more about some file that ours mean as well: ours name
    others. A pattern may be taken to mean more than it does, never less."""
    winners = owner_lines_of(ours)
    return tuple(
        line
        for line in _alive(owner_lines_of(before))
        if any(not line.owners <= winner.owners and _meet(line.names, winner.names) for winner in winners)
    )


def first_narrower(present: Sequence[str], ours: Sequence[str]) -> int | None:
    """The number of the first line whose files are some of those that one line of ours means: behind it ours would
    take all of them. None if there is no such line."""
    winners = owner_lines_of(ours)
    for line in _alive(owner_lines_of(present)):
        if any(_covers(winner.names, line.names) and not _covers(line.names, winner.names) for winner in winners):
            return line.number
    return None


def _alive(lines: Sequence[OwnerLine]) -> list[OwnerLine]:
    """Without those that win nowhere, for a later one says the same pattern or means everything."""
    return [
        line
        for place, line in enumerate(lines)
        if not any(later.pattern in (line.pattern, "*") for later in lines[place + 1 :])
    ]


def _names(pattern: str) -> tuple[str, ...]:
    """As git reads a pattern: one without a slash before its end means names in any folder, and one that may mean a
    folder means all that lies in it."""
    text = re.sub(r"\\(.)", r"\1", pattern)
    names = tuple(
        # The forge knows no classes of characters.
        "*" if "[" in name else name if name == _ANY else _STARS.sub("*", name)
        for name in text.split("/")
        if name
    )
    below = () if names[-1:] == ("*",) and "/" in text else (_ANY,)
    return (*names, *below) if "/" in text.rstrip("/") else (_ANY, *names, _ANY)


def _covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return _share(wide, generic_path("/".join(narrow)).split("/"), _ANY, _same_names)


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a file can be meant by both."""
    return _share((*one, _ANY), (*other, _ANY), _ANY, _same_names)


def _same_names(one: str, other: str) -> bool:
    if _WILD.isdisjoint(one) and _WILD.isdisjoint(other):
        return one == other
    return _share(one, other, "*", lambda left, right: left == right or "?" in (left, right))


def _share(one: Sequence[str], other: Sequence[str], many: str, same: Callable[[str, str], bool]) -> bool:
    """Whether two sequences can mean the same, where `many` stands for any number of parts: every pair of places that
    can be reached together is looked at once."""
    waiting, seen = [(0, 0)], {(0, 0)}
    while waiting:
        left, right = waiting.pop()
        if (left, right) == (len(one), len(other)):
            return True
        steps = []
        if left < len(one) and one[left] == many:
            steps += [(left + 1, right), (left, right + 1)]
        if right < len(other) and other[right] == many:
            steps += [(left, right + 1), (left + 1, right)]
        if not steps and left < len(one) and right < len(other) and same(one[left], other[right]):
            steps = [(left + 1, right + 1)]
        new = {step for step in steps if step[0] <= len(one) and step[1] <= len(other)} - seen
        seen |= new
        waiting += new
    return False
