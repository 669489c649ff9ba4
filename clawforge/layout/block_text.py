"""Block scalars (`|` and `>`): their text apart from the indentation around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"([|>])([-+0-9]*)")


@dataclass(frozen=True, slots=True)
class BlockText:
    """`header` as it is written where the text stands two columns deeper than its parent; `lines` without indentation.

    `keeps_blanks` tells that blank lines after the text belong to it (`|+`).
    """

    header: str
    lines: tuple[str, ...]
    keeps_blanks: bool


def read_block_text(header: str, lines: list[str], parent: int, value: str) -> BlockText:
    """The block scalar whose header is written so, with `lines` up to what follows it.

    `parent` is the column of the collection around it, 0 at the root; a digit in the header counts from there. `value`
    is what it reads as: without a line break at its end, it must be stripped, as a file may have ended there.
    """
    match = _HEADER.match(header)
    style, marks = match.groups() if match else ("|", "")
    digit = next((mark for mark in marks if mark.isdigit()), "")
    chomp = next((mark for mark in marks if mark in "+-"), "")
    indent = parent + int(digit) if digit else _detected(lines)
    texts = [line[indent:] for line in lines]
    if chomp != "+":
        while texts and not texts[-1]:
            texts.pop()
    if value and not value.endswith("\n"):
        chomp = "-"
    return BlockText(style + ("2" if digit else "") + chomp, tuple(texts), chomp == "+")


def _detected(lines: list[str]) -> int:
    """The indentation of the first line that is not blank; where all are blank, none has any text."""
    for line in lines:
        text = line.lstrip(" ")
        if text:
            return len(line) - len(text)
    return max(map(len, lines), default=0)
