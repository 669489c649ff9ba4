"""Putting values into a document as its author laid it out: everything else stays, with its comments.

A file that is in the style of `clawforge fmt` changes in these values alone; another one is laid out in that style by
the way. The result is read again, and does not count unless it says exactly what was meant.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from clawforge.layout.node import Collection, Entry, Node, Scalar, Section
from clawforge.layout.order import order_keys
from clawforge.layout.reader import LongKeyError, UnplacedCommentError, read_layout
from clawforge.layout.source import Source
from clawforge.layout.spell import spelled
from clawforge.layout.writer import write_layout
from clawforge.load.limits import DEFAULT_LIMITS
from clawforge.load.source_text import read_text
from clawforge.load.yaml import compose

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

Path: TypeAlias = tuple[str, ...]
Value: TypeAlias = str | tuple[str, ...]


class _CannotPutError(Exception):
    """The document is written in a way that is not changed safely."""


def put_values(data: bytes, document: int, values: Mapping[Path, Value], *, file: str) -> bytes | None:
    """The text of a file with texts, or lists of texts, at paths of keys of one of its documents. `document` counts
    those that are not empty. Of a list, what stays keeps its place and its comments.

    None if that cannot be done exactly.
    """
    documents, problems = compose(data, file=file)
    source, _ = read_text(data, file=file, limits=DEFAULT_LIMITS)
    if problems or source is None or document >= len(documents):
        return None
    source = source.replace("\r\n", "\n")
    wanted = [copy.deepcopy(item.value) for item in documents]
    try:
        sections = read_layout(source)
        root = _root(sections, document)
        for path, value in values.items():
            _put(root, path, value)
            _intend(wanted[document], path, value)
        order_keys(root)
        changed = write_layout(sections)
    except (_CannotPutError, LongKeyError, UnplacedCommentError):
        return None
    result = changed.encode()
    after, problems = compose(result, file=file)
    if problems or [item.value for item in after] != wanted:
        return None
    return None if _comments(changed) - _comments(source) else result


def _root(sections: Sequence[Section], document: int) -> Collection:
    roots = [section.root for section in sections if section.root is not None]
    root = roots[document] if document < len(roots) else None
    if not isinstance(root, Collection):
        raise _CannotPutError
    return root


def _put(root: Collection, path: Path, value: Value) -> None:
    mapping = root
    for key in path[:-1]:
        entry = _entry(mapping, key)
        if entry is None:
            entry = Entry(Scalar(key, key), Collection(is_mapping=True))
            mapping.entries.append(entry)
        if not isinstance(entry.value, Collection) or not entry.value.is_mapping:
            raise _CannotPutError
        mapping = entry.value
    entry = _entry(mapping, path[-1])
    if entry is None:
        entry = Entry(Scalar(path[-1], path[-1]), Scalar(""))
        mapping.entries.append(entry)
    entry.value = _scalar(value, entry.value) if isinstance(value, str) else _list(value, entry.value)


def _entry(mapping: Collection, key: str) -> Entry | None:
    if not mapping.is_mapping:
        raise _CannotPutError
    return next((entry for entry in mapping.entries if entry.key is not None and entry.key.value == key), None)


def _scalar(text: str, before: Node) -> Scalar:
    return Scalar(_spelled(text), text, eol=before.eol)


def _list(texts: tuple[str, ...], before: Node) -> Collection:
    if not isinstance(before, Collection):
        return Collection(False, [Entry(None, Scalar(_spelled(text), text)) for text in texts], one_line=True)
    present = {entry.value.value: entry for entry in before.entries if isinstance(entry.value, Scalar)}
    order = _arranged([entry.value.value for entry in before.entries if isinstance(entry.value, Scalar)], texts)
    before.entries = [present.get(text) or Entry(None, Scalar(_spelled(text), text)) for text in order]
    return before


def _arranged(before: Sequence[str], texts: Sequence[str]) -> list[str]:
    """What stays in its order, then what is new; sorted where all of it was."""
    kept = [text for text in dict.fromkeys(before) if text in texts]
    found = [*kept, *(text for text in texts if text not in kept)]
    return sorted(found) if before and list(before) == sorted(before) else found


def _spelled(text: str) -> str:
    if not text.isprintable():
        raise _CannotPutError
    return spelled(text)


def _intend(value: JsonValue, path: Path, put: Value) -> None:
    holder: Any = value
    for key in path[:-1]:
        holder = holder.setdefault(key, {})
    holder[path[-1]] = put if isinstance(put, str) else _arranged(holder.get(path[-1]) or [], put)


def _comments(text: str) -> Counter[str]:
    return Counter(Source(text).trivia().comments())
