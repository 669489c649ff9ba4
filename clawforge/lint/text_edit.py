"""Changes single values of a YAML text and nothing else of it: no comment, no quoting, no line elsewhere. Only what is
said about an entry goes with the entry.

The result is read again and compared with what was meant; what does not come out exactly so is not done at all.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from clawforge.lint.entry_removal import Splice, extent, removal
from clawforge.load.comment import comments_of
from clawforge.load.scalar import resolve_plain
from clawforge.load.yaml import compose

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

_BOM = "\ufeff"
# Words that mean the same inside and outside of brackets.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
# A node of PyYAML, whose stubs leave out most of it.
_Node = Any


class Change(NamedTuple):
    """A value of one document of a file, by the path of keys and indexes to it as they are written. It becomes the
    text `replacement`, or leaves its list if that is None.
    """

    document: int
    path: tuple[str | int, ...]
    replacement: str | None


class _CannotChangeError(Exception):
    """The value is written in a way that is not changed safely."""


def change_text(data: bytes, changes: Iterable[Change], *, file: str) -> bytes | None:
    """The file with all of the changes; None if any of them cannot be made exactly, or if nothing would change."""
    text = data.decode("utf-8")
    mark = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    documents, problems = compose(data, file=file)
    if problems:
        return None
    values = [copy.deepcopy(document.value) for document in documents]
    changed = text
    dropped: Counter[str] = Counter()
    try:
        for batch in _batches(changes):
            changed = _spliced(changed, batch, len(values), dropped)
            for change in batch:
                _intend(values, change)
    except _CannotChangeError:
        return None
    result = (mark + changed).encode()
    if changed == text or not _is_meant(result, values, file):
        return None
    return result if _comments(changed, file) + dropped == _comments(text, file) else None


def _batches(changes: Iterable[Change]) -> list[list[Change]]:
    """In an order in which no removal moves an item that is still to be changed: of each list, one item a batch, the
    last first.
    """
    replacements: dict[tuple[int, tuple[str | int, ...]], Change] = {}
    removals: dict[tuple[int, tuple[str | int, ...]], set[int]] = {}
    for change in changes:
        if change.replacement is not None:
            replacements.setdefault(change[:2], change)
        elif change.path and isinstance(change.path[-1], int):
            removals.setdefault((change.document, change.path[:-1]), set()).add(change.path[-1])
        else:
            raise _CannotChangeError
    batches = [list(replacements.values())] if replacements else []
    left = {parent: sorted(indexes) for parent, indexes in removals.items()}
    while left:
        batches.append([Change(parent[0], (*parent[1], indexes.pop()), None) for parent, indexes in left.items()])
        left = {parent: indexes for parent, indexes in left.items() if indexes}
    return batches


def _spliced(text: str, batch: Sequence[Change], count: int, dropped: Counter[str]) -> str:
    """The text with the changes of a batch; the comments that go with them are added to `dropped`."""
    roots = _roots(text)
    if len(roots) != count or any(change.document >= count for change in batch):
        raise _CannotChangeError
    splices = sorted(_splice(text, roots[change.document], change) for change in batch)
    if any(after.start < before.end for before, after in pairwise(splices)):
        raise _CannotChangeError
    for splice in reversed(splices):
        text = text[: splice.start] + splice.text + text[splice.end :]
        dropped.update(splice.dropped)
    return text


def _roots(text: str) -> list[_Node]:
    """The documents that are not empty, as PyYAML's nodes with their marks; the text was composed strictly before."""
    from yaml import compose_all
    from yaml.cyaml import CLoader
    from yaml.nodes import ScalarNode

    nodes = compose_all(text, Loader=CLoader)
    return [node for node in nodes if not (isinstance(node, ScalarNode) and not node.value and not node.style)]


def _splice(text: str, root: _Node, change: Change) -> Splice:
    node: _Node = root
    parent: _Node = None
    for step in change.path:
        parent, node = node, _child(node, step)
    if node.id != "scalar":
        raise _CannotChangeError
    start, end = extent(text, node)
    if change.replacement is not None:
        return Splice(start, end, _written(change.replacement, node.style))
    if parent is None or len(items := parent.value) < 2:
        raise _CannotChangeError
    splice = removal(text, items, int(change.path[-1]), flow=bool(parent.flow_style))
    if splice is None:
        raise _CannotChangeError
    return splice


def _child(node: _Node, step: str | int) -> _Node:
    if node.id == "sequence" and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    if node.id == "mapping":
        for key, value in node.value:
            if key.value == step:
                return value
    raise _CannotChangeError


def _written(text: str, style: str | None) -> str:
    """The text in the quotes that stood there, or with as few as it needs."""
    if not text.isprintable():
        raise _CannotChangeError
    if style == '"' and '"' not in text and "\\" not in text:
        return f'"{text}"'
    if style not in ("'", '"') and _PLAIN.fullmatch(text) and isinstance(resolve_plain(text), str):
        return text
    return "'" + text.replace("'", "''") + "'"


def _intend(values: list[JsonValue], change: Change) -> None:
    holder: Any = values
    for step in (change.document, *change.path[:-1]):
        holder = holder[step]
    if change.replacement is None:
        del holder[change.path[-1]]
    elif change.path:
        holder[change.path[-1]] = change.replacement
    else:
        values[change.document] = change.replacement


def _is_meant(data: bytes, values: list[JsonValue], file: str) -> bool:
    documents, problems = compose(data, file=file)
    return not problems and [document.value for document in documents] == values


def _comments(text: str, file: str) -> Counter[str]:
    return Counter(comment.text for comment in comments_of(text, file=file))
