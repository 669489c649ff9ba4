"""Comments that speak to this program, `# clawforge: ...`: they act on a line, so what stands on that line matters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clawforge.layout.source import Source
from clawforge.load.document import unpack

if TYPE_CHECKING:
    from clawforge.load.document import Document

_REMARK = re.compile(r"\s*#\s*clawforge\s*:")


def is_remark(comment: str) -> bool:
    """Whether the comment, with or without the gap before it, speaks to this program."""
    return _REMARK.match(comment) is not None


def remark_targets(text: str, documents: Sequence[Document]) -> Counter[tuple[str, frozenset[str]]]:
    """Every remark with the keys and values on the line that it acts on.

    That is its own line if something else stands there, else the line below it and below the remarks that follow it.
    """
    source = Source(text)
    trivia = source.trivia()
    alone = {source.line(own.offset): own.text for own in trivia.own_lines if is_remark(own.text)}
    acting = [(source.line(offset), comment.strip()) for offset, comment in trivia.eols.items() if is_remark(comment)]
    for line, comment in alone.items():
        while line in alone:
            line += 1
        acting.append((line, comment))
    if not acting:
        return Counter()
    places = _places(documents)
    return Counter((comment, frozenset(places.get(line, ()))) for line, comment in acting)


def _places(documents: Sequence[Document]) -> dict[int, set[str]]:
    """What begins on each line: number of the document, whether it is a key (or item) or a value, and its pointer.

    A value that begins below its key begins with whichever key comes first in it: that is no place of its own.
    """
    places: dict[int, set[str]] = {}
    for number, document in enumerate(documents):
        around = {pointer.rpartition("/")[0] for pointer in document.positions}
        for (pointer, key), value in zip(document.positions.items(), document.value_positions, strict=True):
            places.setdefault(unpack(key)[0], set()).add(f"{number} key {pointer}")
            if pointer not in around:
                places.setdefault(unpack(value)[0], set()).add(f"{number} value {pointer}")
    return places
