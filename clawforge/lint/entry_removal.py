"""Taking an entry out of a list as it is written, together with the comments that are about it and no others.

A comment at the end of the entry's line is about the entry. One that stands alone directly above is too, unless another
entry follows at once: then it is a heading of both, and stays. So does an entry that was commented out. A suppression
speaks of the line below it and goes with that. Comments that empty lines set off are the heading of a section: they go
with its last entry, which is one that the end of the list or another such heading follows. Of the empty lines around
what goes, those above stay, and at the end of a list those below. Where several entries share a line that ends in a
comment nobody can tell, and nothing is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

_DASH = re.compile(r"[ ]*-[ ]+")
_AFTER = re.compile(r"[ \t]*,?[ \t]*(?:(?<=[ \t])#(?P<comment>.*))?\r?")
_COMMENT_LINE = re.compile(r"[ \t]*#(?P<comment>.*?)\r?\n")
_REMARK = re.compile(r"\s*clawforge\s*:")
_WAS_AN_ENTRY = re.compile(r"\s*-\s")
# A node of PyYAML, whose stubs leave out most of it.
_Node = Any


class Splice(NamedTuple):
    """What stands from `start` to `end` becomes `text`; `dropped` are the comments that go with it, without white space
    at their ends.
    """

    start: int
    end: int
    text: str
    dropped: tuple[str, ...] = ()


def extent(text: str, node: _Node) -> tuple[int, int]:
    """Where a scalar begins and ends, without the line breaks below a block scalar."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in ("|", ">"):
        end = start + len(text[start:end].rstrip())
    return start, end


def removal(text: str, items: Sequence[_Node], index: int, *, flow: bool) -> Splice | None:
    """The change that takes one of several items out; None if it cannot be told what is about it."""
    start, end = extent(text, items[index])
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    after = _AFTER.fullmatch(text, end, line_end)
    if not flow:
        if after is None or not _DASH.fullmatch(text, line_start, start):
            return None
        return _lines(text, items, index, line_start, line_end, after["comment"])
    shared = index > 0 and items[index - 1].end_mark.index >= line_start
    if after is not None and not shared:
        if not text[line_start:start].strip():
            return _lines(text, items, index, line_start, line_end, after["comment"])
        if after["comment"] is not None:
            return Splice(start, line_end - (text[line_end - 1] == "\r"), "", (after["comment"].strip(),))
    if after is not None and after["comment"] is not None:
        return None
    if index + 1 < len(items):
        return Splice(start, items[index + 1].start_mark.index, "")
    return Splice(items[index - 1].end_mark.index, end, "")


def _lines(text: str, items: Sequence[_Node], index: int, line_start: int, line_end: int, beside: str | None) -> Splice:
    """The item's line, and of the comments directly above those that are about it."""
    above = _comments_above(text, line_start)
    begin = line_start - sum(map(len, above))
    finish = min(line_end + 1, len(text))
    heading = index + 1 < len(items) and text.rfind("\n", 0, items[index + 1].start_mark.index) == line_end
    stays = heading or any(_WAS_AN_ENTRY.match(_text(item)) for item in above)
    kept = [item for item in above if stays and not _REMARK.match(_text(item))]
    gone = [item for item in above if item not in kept]
    if not kept:
        begin, section = _section_above(text, begin, finish, last=index + 1 == len(items))
        gone = [*section, *gone]
        if index + 1 == len(items):
            begin = _blank_above(text, begin)
        else:
            finish = _surplus(text, begin, finish)
    dropped = [*map(_text, gone), *([] if beside is None else [beside])]
    return Splice(begin, finish, "".join(kept), tuple(item.strip() for item in dropped))


def _section_above(text: str, begin: int, finish: int, *, last: bool) -> tuple[int, list[str]]:
    """Where to begin in order to take out the heading of a section too whose last entry goes; and the heading."""
    blank = _blank_above(text, begin)
    heading = _comments_above(text, blank) if blank < begin else []
    if not heading or not (last or _heading_below(text, finish)):
        return begin, []
    if any(_WAS_AN_ENTRY.match(_text(line)) or _REMARK.match(_text(line)) for line in heading):
        return begin, []
    start = blank - sum(map(len, heading))
    # Above the first entry of a list stands what is said of all of it.
    above = text[:start].rstrip("\r\n")
    first = above.rpartition("\n")[2].partition(" #")[0].rstrip().endswith(":")
    return (begin, []) if first or _blank_above(text, start) == start else (start, heading)


def _heading_below(text: str, at: int) -> bool:
    """Whether empty lines follow, then comments, then empty lines."""
    below = _blank_below(text, at)
    end = below
    while match := _COMMENT_LINE.match(text, end):
        end = match.end()
    return at < below < end < _blank_below(text, end)


def _surplus(text: str, begin: int, finish: int) -> int:
    """Where to finish so that no empty lines are left beside those above, nor below the key of the list."""
    above = text[:begin].rpartition("\n")[0].rpartition("\n")[2]
    opened = _blank_above(text, begin) < begin or above.partition(" #")[0].rstrip("\r ").endswith((":", "["))
    return _blank_below(text, finish) if opened else finish


def _blank_above(text: str, at: int) -> int:
    """Where the empty lines directly above a line begin."""
    while at > 0 and not text[text.rfind("\n", 0, at - 1) + 1 : at].strip():
        at = text.rfind("\n", 0, at - 1) + 1
    return at


def _blank_below(text: str, at: int) -> int:
    """Where the empty lines that begin here end."""
    while at < len(text) and not text[at : (text.find("\n", at) + 1 or len(text))].strip():
        at = text.find("\n", at) + 1 or len(text)
    return at


def _comments_above(text: str, line_start: int) -> list[str]:
    """The lines directly above that hold nothing but a comment, from top to bottom."""
    found: list[str] = []
    end = line_start
    while end > 0:
        begin = text.rfind("\n", 0, end - 1) + 1
        if not _COMMENT_LINE.fullmatch(text, begin, end):
            break
        found.append(text[begin:end])
        end = begin
    return found[::-1]


def _text(line: str) -> str:
    match = _COMMENT_LINE.fullmatch(line)
    return match["comment"] if match else ""
