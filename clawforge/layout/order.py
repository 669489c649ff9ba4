"""The order of keys: that in which the models of the resources declare their fields."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin

from clawforge.layout.arrange import Around, arrange
from clawforge.layout.node import Collection, Entry, Node, Scalar
from clawforge.load.project_file import ProjectFile
from clawforge.load.shape import bare, fields_of, is_model
from clawforge.resource.meta import API_VERSION
from clawforge.resource.registry import BY_KIND

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

_API_GROUP = API_VERSION.partition("/")[0] + "/"
_MODELS: dict[str, Any] = {**BY_KIND, "Project": ProjectFile}


def is_ours(document: JsonValue) -> bool:
    """Whether a document says that it is for clawforge: by its apiVersion, or without one by a kind that we know."""
    if not isinstance(document, dict):
        return False
    version, kind = document.get("apiVersion"), document.get("kind")
    if version is None:
        return isinstance(kind, str) and kind in _MODELS
    return isinstance(version, str) and version.startswith(_API_GROUP)


def order_keys(root: Node) -> None:
    """Bring the keys of a document into order, if it is a resource or a project file; unknown keys stay at the end.

    Comments move as `clawforge.layout.arrange` says.
    """
    written = {entry.key.value: entry.value for entry in _members(root) if entry.key is not None}
    kind, version = written.get("kind"), written.get("apiVersion", Scalar(API_VERSION, API_VERSION))
    ours = isinstance(version, Scalar) and version.value == API_VERSION
    if ours and isinstance(kind, Scalar) and kind.value in _MODELS:
        _order(root, _MODELS[kind.value], Around.DOCUMENT)


def _members(node: Node) -> list[Entry]:
    return node.entries if isinstance(node, Collection) and node.is_mapping else []


def _order(node: Node, annotation: Any, around: Around) -> None:
    if not isinstance(node, Collection):
        return
    fields = _fields(annotation)
    inside = _inside(annotation)
    below = Around.KEY if node.is_mapping else Around.ITEM
    for entry in node.entries:
        _order(entry.value, fields.get(entry.key.value, Any) if fields and entry.key else inside, below)
    if node.is_mapping and fields:
        ranks = {field: rank for rank, field in enumerate(fields)}
        keys = [entry.key.value if entry.key else "" for entry in node.entries]
        arrange(node, [ranks.get(key, len(ranks)) for key in keys], around)


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
