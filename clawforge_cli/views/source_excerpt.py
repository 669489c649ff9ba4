"""The line that a problem is about, with carets under the value: made for a terminal, whatever the file holds."""

from __future__ import annotations

import re
from typing import NamedTuple

from clawforge_cli.views.terminal import columns, safe

ABOUT_KEYS = frozenset({"unknown-lint-rule"})
"""Codes of problems that are a key's alone, whatever stands behind it."""

_TAB = "    "
_CUT = "…"
_LONGEST_VALUE = 1000
# Characters that take up no room of their own, such as accents, can be heaped on one another without end.
_MARKS = 4
# A key with its value on the same line, a quoted text, or a bare word to the end of the line, a comma or a comment.
_QUOTED = r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'"""
_BARE = r"[^\s,\[\]{}#'\"](?:[^,\[\]{}\s]|[ ](?!#)(?=\S))*"
_SCALAR = rf"(?:{_QUOTED}|{_BARE})"
_KEY = rf"(?:{_QUOTED}|[^\s,\[\]{{}}#'\":][^\s,\[\]{{}}:]*)"
_MEMBER = re.compile(rf"(?P<key>{_KEY})[ ]*:(?:[ ]+(?![|>&*!])(?P<value>{_SCALAR}))?(?=[\s,\]}}]|$)")
_VALUE = re.compile(_SCALAR)


class Excerpt(NamedTuple):
    """The line as it is shown, and the line of carets under it."""

    line: str
    carets: str


def excerpt(line: str, col: int, room: int, *, key_only: bool = False) -> Excerpt:
    """What stands at a 1-based column of a line, in at most `room` columns of a terminal; of a longer line, what is
    around that place.
    """
    start, end = value_span(line, col, key_only=key_only)
    first, last = _window(line, start, end, room)
    before = (_CUT if first else "") + _shown(line[first:start])
    marked = _shown(line[start : min(end, last)])
    after = _shown(line[min(end, last) : last]) + (_CUT if last < len(line) else "")
    return Excerpt(f"{before}{marked}{after}".rstrip(), " " * columns(before) + "^" * max(1, columns(marked)))


def value_span(line: str, col: int, *, key_only: bool = False) -> tuple[int, int]:
    """Where the value at a 1-based column begins, and where it has ended, both counted from zero; of a key with its
    value both, or with `key_only` the key. A place behind the end of the line is its end; the span there is one
    character wide.
    """
    start = min(max(col - 1, 0), len(line))
    window = line[: start + _LONGEST_VALUE]
    match = _MEMBER.match(window, start)
    if match is not None:
        return start, match.end("key") if key_only or match["value"] is None else match.end()
    match = _VALUE.match(window, start)
    return start, match.end() if match is not None else start + 1


def _window(line: str, start: int, end: int, room: int) -> tuple[int, int]:
    """The slice of the line that fits: a third of the room goes to what leads up to the place, and what is left over
    on one side to the other.
    """
    if len(line) <= room and columns(_shown(line)) <= room:
        return 0, len(line)
    room = max(room - 2 * len(_CUT), 1)
    first = _fit_before(line, start, room // 3)
    last = _fit_after(line, start, room - columns(_shown(line[first:start])))
    if last == len(line):
        first = _fit_before(line, start, room - columns(_shown(line[start:])))
    # A single character that is written out can take more than there is.
    return first, max(last, min(start + 1, end, len(line)))


def _fit_before(line: str, end: int, room: int) -> int:
    taken = _fitting(line[max(0, end - room * _MARKS) : end][::-1], room)
    return end - taken


def _fit_after(line: str, start: int, room: int) -> int:
    return start + _fitting(line[start : start + room * _MARKS], room)


def _fitting(characters: str, room: int) -> int:
    """How many of the characters fit into the room."""
    for count, character in enumerate(characters):
        room -= columns(_shown(character))
        if room < 0:
            return count
    return len(characters)


def _shown(text: str) -> str:
    return safe(text.replace("\t", _TAB))
