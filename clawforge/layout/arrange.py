"""Moving the entries of a mapping into order, with the comments and the blank lines around them.

A block of comments that blank lines set apart is a heading. It heads the keys down to the next blank line or, where a
mapping has several headings, down to the next heading. It goes with the key right below it, and stands above those of
its keys that come to stand right before that one. All other comments move with the entry that they speak of, and a
blank line stands between two keys if one stood between them before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from clawforge.layout.node import Collection, Entry


class Around(Enum):
    """Where a mapping stands."""

    DOCUMENT = "document"
    ITEM = "item"
    KEY = "key"


@dataclass(slots=True)
class _Member:
    """An entry that moves. `place` is where it stood; `apart` tells that a blank line stood above it.

    `headings` are blocks of comments, a blank line after each; `own` is the block right above the key; `after` are
    comments that stood directly below the entry.
    """

    entry: Entry
    rank: int
    place: int
    apart: bool
    headings: list[str]
    own: list[str]
    after: list[str]


def arrange(mapping: Collection, ranks: Sequence[int], around: Around) -> None:
    """Sort the entries by their ranks. Nothing changes, not even a blank line, if they are in order already."""
    if list(ranks) == sorted(ranks):
        return
    members = _members(mapping, ranks, around)
    if around is Around.DOCUMENT:
        mapping.head = mapping.entries[0].above
    arranged = sorted(members, key=lambda member: member.rank)
    headed = [member.place for member in members if member.headings]
    for place in headed:
        _move_heading(members[place], _group(members, place, headed), arranged)
    _put(mapping, members, arranged, around)


def _members(mapping: Collection, ranks: Sequence[int], around: Around) -> list[_Member]:
    members: list[_Member] = []
    for place, (entry, rank) in enumerate(zip(mapping.entries, ranks, strict=True)):
        lines = entry.above
        if members and lines and lines[0] and "" in lines:
            split = lines.index("")
            members[-1].after, lines = lines[:split], lines[split:]
        elif not members and around is Around.DOCUMENT:
            # What stands above everything speaks of the document, whichever key comes first.
            lines = []
        headings, own = _split(lines)
        members.append(_Member(entry, rank, place, "" in lines, headings, own, []))
    return members


def _split(lines: list[str]) -> tuple[list[str], list[str]]:
    """Headings, and the block that no blank line parts from what is below."""
    split = len(lines) - next((count for count, text in enumerate(reversed(lines)) if not text), len(lines))
    return (lines[:split] if any(lines[:split]) else []), lines[split:]


def _group(members: list[_Member], start: int, headed: list[int]) -> set[int]:
    """The places of the keys under a heading."""
    if len(headed) > 1:
        end = next((place for place in headed if place > start), len(members))
    else:
        end = next((member.place for member in members[start + 1 :] if member.apart), len(members))
    return set(range(start, end))


def _move_heading(member: _Member, group: set[int], arranged: list[_Member]) -> None:
    """Give the heading to the first of the keys under it that now stand in a row up to the one below it."""
    first = arranged.index(member)
    while first and arranged[first - 1].place in group:
        first -= 1
    arranged[first].headings, member.headings = member.headings, arranged[first].headings


def _put(mapping: Collection, members: list[_Member], arranged: list[_Member], around: Around) -> None:
    """Give the mapping its entries in the new order."""
    mapping.entries = [member.entry for member in arranged]
    for member in members:
        member.entry.after += member.after
    previous: _Member | None = None
    for member in arranged:
        above = [*member.headings, *member.own]
        if previous is None:
            # What goes above the dash of an item must not be set apart from it.
            blankless = around is Around.ITEM
        else:
            # A blank line below such a text would become a part of it, so what stands there must be the key's own.
            blankless = previous.entry.keeps_blanks
            above = [""] * (bool(member.headings) or _apart(members, previous, member)) + above
        member.entry.above = [text for text in above if text] if blankless else above
        previous = member


def _apart(members: list[_Member], left: _Member, right: _Member) -> bool:
    first, last = sorted((left.place, right.place))
    return any(member.apart for member in members[first + 1 : last + 1])
