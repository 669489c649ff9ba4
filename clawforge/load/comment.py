"""The comments of a YAML text, told apart from a `#` inside a scalar by libyaml's own tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_COMMENT = re.compile(r"(?:(?<=[ \t\r\n])|(?<![\s\S]))#([^\r\n]*)")


class Comment(NamedTuple):
    """`line` and `col` of the `#`, 1-based; `text` is what follows it, without white space at the ends, and `start` the
    column in which that begins. `alone` is set where nothing but white space stands before it on its line.
    """

    file: str
    line: int
    col: int
    text: str
    alone: bool
    start: int


def comments_of(text: str, *, file: str) -> list[Comment]:
    """Every comment, in order. `text` is one that `compose` read without an error, which bounds its depth; in any other
    the comments before the first error of syntax are found.
    """
    found: list[Comment] = []
    line, line_start, counted = 1, 0, 0
    for start, end in _gaps(text):
        for match in _COMMENT.finditer(text, start, end):
            at = match.start()
            line += text.count("\n", counted, at)
            line_start = text.rfind("\n", 0, at) + 1
            counted = at
            alone = not text[line_start:at].strip()
            col = at - line_start + 1
            indent = len(match[1]) - len(match[1].lstrip())
            found.append(Comment(file, line, col, match[1].strip(), alone, col + 1 + indent))
    return found


def _gaps(text: str) -> Iterator[tuple[int, int]]:
    """The stretches between tokens: white space and comments. A block scalar's token starts with its indicator, whose
    line may end in a comment.
    """
    from yaml import YAMLError
    from yaml.tokens import ScalarToken

    from clawforge.load.yaml import event_parser

    after = 0
    try:
        next_token = event_parser(text).get_token
        while (token := next_token()) is not None:
            start, end = token.start_mark.index, token.end_mark.index
            if start > after:
                yield after, start
            if token.__class__ is ScalarToken and token.style in ("|", ">"):
                line_end = text.find("\n", start, end)
                yield start, end if line_end < 0 else line_end
            after = max(after, end)
    except YAMLError:
        return
    yield after, len(text)
