"""Comments and blank lines: everything in a YAML text that its values do not tell."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from clawforge.layout.block_text import BlockText

_COMMENT = re.compile(r"#[^\n]*")


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A blank line (`text` is empty) or a comment on a line of its own.

    `col` is 0-based. `after` is the 0-based number of the last line above it that is neither, or -1.
    """

    offset: int
    col: int
    text: str
    after: int


@dataclass(frozen=True, slots=True)
class Trivia:
    """Own lines in order, and the comments that follow something on their line, with the gap before them, by offset."""

    own_lines: deque[OwnLine] = field(default_factory=deque)
    eols: dict[int, str] = field(default_factory=dict)

    def comments(self) -> list[str]:
        """The text of every comment, without blanks around it, sorted."""
        own = [line.text for line in self.own_lines if line.text]
        return sorted([*own, *(text.strip() for text in self.eols.values())])


@dataclass(frozen=True, slots=True)
class Span:
    """Where a scalar stands: offsets, and its last line (0-based). For a block scalar that is its text alone."""

    start: int
    end: int
    first_line: int
    last_line: int
    block: BlockText | None = None


def find_trivia(text: str, starts: list[int], spans: Iterable[Span]) -> Trivia:
    """All comments and blank lines of a text. `starts` are the offsets of its lines, `spans` its scalars in order."""
    trivia = Trivia()
    inside: set[int] = set()
    found: dict[int, int] = {}
    at = 0
    ends = Span(len(text), len(text), 0, 0)
    for span in (*spans, ends):
        for match in _COMMENT.finditer(text, at, span.start):
            line = _line_of(starts, match.start())
            found[line] = match.start()
        at = max(at, span.end)
        inside.update(range(span.first_line + 1, span.last_line + 1))
    last_content = -1
    for number, start in enumerate(starts):
        end = starts[number + 1] - 1 if number + 1 < len(starts) else len(text)
        offset = found.get(number)
        before = text[start : end if offset is None else offset]
        comment = "" if offset is None else text[offset:end].rstrip()
        if number in inside or before.strip():
            last_content = number
            if offset is not None:
                trivia.eols[offset] = _gap(before) + comment
        elif comment or end < len(text):
            trivia.own_lines.append(OwnLine(start if offset is None else offset, len(before), comment, last_content))
    return trivia


def _line_of(starts: list[int], offset: int) -> int:
    return bisect_right(starts, offset) - 1


def _gap(before: str) -> str:
    """The blanks before a comment as they were, so that comments stay aligned; a tab becomes one space."""
    gap = before[len(before.rstrip(" \t")) :]
    return gap if gap and "\t" not in gap else " "
