"""A plain value as the text of a new document, in the style that `clawforge fmt` leaves as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from clawforge.layout.node import Collection, Entry, Node, Scalar, Section
from clawforge.layout.order import order_keys
from clawforge.layout.spell import spelled
from clawforge.layout.writer import write_layout
from clawforge.load.source_text import is_visible

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

_SHORT = 80
"""Characters up to which a small mapping deep inside of a document goes on one line."""
_DEEP = 3
"""From this depth on; the document, `spec` and what stands right below it always take lines of their own."""


def document_text(value: Mapping[str, JsonValue]) -> str:
    """One document without the `---` between two, ending with a line feed.

    What is read back is the value, if that holds no floats, no control characters but tab and line feed, and no key of
    more than 1,000 characters.
    """
    root = _mapping(value, 0, is_item=False)
    order_keys(root)
    return write_layout([Section(root)])


def _node(value: JsonValue, depth: int, *, is_item: bool = False) -> Node:
    if isinstance(value, dict):
        return _mapping(value, depth, is_item=is_item)
    if isinstance(value, list):
        return _list(value, depth)
    return _scalar(value, in_brackets=is_item)


def _mapping(value: Mapping[str, JsonValue], depth: int, *, is_item: bool) -> Collection:
    one_line = depth >= _DEEP and not is_item and _length(value) <= _SHORT
    entries = []
    for key, item in value.items():
        node = _scalar(item, in_brackets=True) if one_line and not isinstance(item, dict | list) else None
        name = spelled(key)
        entries.append(Entry(Scalar(name, key), node or _node(item, depth + 1)))
    return Collection(True, entries, one_line=one_line)


def _list(value: list[JsonValue], depth: int) -> Collection:
    entries = [Entry(None, _node(item, depth + 1, is_item=True)) for item in value]
    plain = not any(isinstance(item, dict | list) or _is_long(item) for item in value)
    return Collection(False, entries, one_line=plain)


def _scalar(value: JsonValue, *, in_brackets: bool) -> Scalar:
    if isinstance(value, str):
        if not in_brackets and _fits_block(value):
            return _block(value)
        return Scalar(spelled(value, in_brackets=in_brackets), value)
    raw = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return Scalar(raw, raw)


def _block(text: str) -> Scalar:
    """Several lines as they are. The text ends with one line feed, or with none."""
    header = "|" if text.endswith("\n") else "|-"
    return Scalar(header, text, more=text.removesuffix("\n").split("\n"), is_block=True)


def _fits_block(text: str) -> bool:
    """Whether a block of lines says exactly the text, without counting blanks."""
    lines = text.removesuffix("\n").split("\n")
    edges = (lines[0], lines[-1])
    return (
        len(lines) > 1
        and all(is_visible(line) and line == line.rstrip() for line in lines)
        and all(line and not line.startswith(" ") for line in edges)
    )


def _is_long(item: JsonValue) -> bool:
    return isinstance(item, str) and len(item) > _SHORT


def _length(value: JsonValue | Mapping[str, JsonValue]) -> int:
    """About the characters that the value takes on one line; beyond the limit once it holds a text of several lines."""
    if isinstance(value, Mapping):
        return 2 + sum(len(spelled(key)) + 4 + _length(item) for key, item in value.items())
    if isinstance(value, list):
        return 2 + sum(2 + _length(item) for item in value)
    if isinstance(value, str):
        return _SHORT + 1 if "\n" in value else len(spelled(value))
    return len(str(value))
