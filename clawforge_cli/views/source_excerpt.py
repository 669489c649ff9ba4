"""The line that a problem is about, with carets under the value: made for a terminal, whatever the file holds."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from clawforge_cli.views.terminal import safe

_WIDTH = 110
_LEAD = 30
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


def excerpt(line: str, col: int) -> Excerpt:
    """What stands at a 1-based column of a line. A long line is cut to what is around that place."""
    start = min(max(col - 1, 0), len(line))
    end = max(_end(line, start), start + 1)
    first = max(0, start - _LEAD) if len(line) > _WIDTH else 0
    last = min(len(line), first + _WIDTH)
    before = ("…" if first else "") + safe(line[first:start])
    marked = safe(line[start : min(end, last)])
    after = safe(line[min(end, last) : last]) + ("…" if last < len(line) else "")
    return Excerpt(f"{before}{marked}{after}".rstrip(), " " * _columns(before) + "^" * max(1, _columns(marked)))


def _end(line: str, start: int) -> int:
    window = line[: start + _WIDTH]
    match = _MEMBER.match(window, start)
    if match is not None:
        return match.end() if match["value"] is not None else match.end("key")
    match = _VALUE.match(window, start)
    return match.end() if match is not None else start + 1


def _columns(text: str) -> int:
    """How many columns of a terminal the text takes up."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
