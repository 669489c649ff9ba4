"""The order of keys: that in which the models of the resources declare their fields."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args, get_origin

from clawforge.layout.node import Collection, Entry, Node, Scalar
from clawforge.load.project_file import ProjectFile
from clawforge.load.shape import bare, fields_of, is_model
from clawforge.resource.meta import API_VERSION
from clawforge.resource.registry import BY_KIND

_MODELS: dict[str, Any] = {**BY_KIND, "Project": ProjectFile}


def order_keys(root: Node) -> None:
    """Bring the keys of a document into order, if it is a resource or a project file; unknown keys stay at the end.

    Comments move with the entry that they belong to.
    """
    written = {entry.key.value: entry.value for entry in _members(root) if entry.key is not None}
    kind, version = written.get("kind"), written.get("apiVersion", Scalar(API_VERSION, API_VERSION))
    ours = isinstance(version, Scalar) and version.value == API_VERSION
    if ours and isinstance(kind, Scalar) and kind.value in _MODELS:
        _order(root, _MODELS[kind.value], at_root=True)


def _members(node: Node) -> list[Entry]:
    return node.entries if isinstance(node, Collection) and node.is_mapping else []


def _order(node: Node, annotation: Any, *, at_root: bool = False) -> None:
    if not isinstance(node, Collection):
        return
    fields = _fields(annotation)
    if node.is_mapping and fields:
        _sort(node, list(fields), at_root=at_root)
    inside = _inside(annotation)
    for entry in node.entries:
        _order(entry.value, fields.get(entry.key.value, Any) if fields and entry.key else inside)


def _sort(mapping: Collection, fields: list[str], *, at_root: bool) -> None:
    ranks = {field: rank for rank, field in enumerate(fields)}
    entries = sorted(mapping.entries, key=lambda entry: ranks.get(entry.key.value if entry.key else "", len(ranks)))
    if all(left is right for left, right in zip(entries, mapping.entries, strict=True)):
        return
    _detach_comments(mapping, at_root=at_root)
    mapping.entries = entries


def _detach_comments(mapping: Collection, *, at_root: bool) -> None:
    """Before entries move: comments that a blank line sets apart from the next entry do not move with it.

    Above the first entry they speak of the mapping, and at the root all of them do; directly below an entry they speak
    of that entry. Between two blank lines they introduce what follows, and do move with it.
    """
    first, *others = mapping.entries
    lines = first.above
    split = len(lines) if at_root else len(lines) - next((n for n, text in enumerate(reversed(lines)) if not text), 0)
    if at_root or "" in lines:
        mapping.head, first.above = lines[:split], lines[split:]
    for previous, entry in zip(mapping.entries, others, strict=False):
        if entry.above and entry.above[0] and "" in entry.above:
            split = entry.above.index("")
            previous.after, entry.above = entry.above[:split], entry.above[split:]


@cache
def _fields(annotation: Any) -> dict[str, Any]:
    """Fields of the model that belongs there, of all if there are several; empty if there is none."""
    shape = bare(annotation)
    shapes = [bare(item) for item in shape] if isinstance(shape, tuple) else [shape]
    found: dict[str, Any] = {}
    for model in filter(is_model, shapes):
        found = {**found, **{name: inner for name, inner in fields_of(model).items() if name not in found}}
    return found


def _inside(annotation: Any) -> Any:
    """What the items of a list or the values of a mapping are."""
    shape = bare(annotation)
    arguments = get_args(shape)
    if get_origin(shape) is dict and len(arguments) > 1:
        return arguments[1]
    return arguments[0] if get_origin(shape) is tuple and arguments else Any
