"""Valid documents made a little wrong, or perhaps not: every place, and every change of shape to be made there."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

Path_ = tuple[str | int, ...]
Change = Callable[[Any, Any], None]

OTHER_TYPES: tuple[Any, ...] = (True, 7, 1.5, "text", ["text"], [], {}, {"text": "text"}, None)


def paths_of(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every place of a document."""
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in members:
        yield from paths_of(item, (*path, key))


def at(document: Any, path: Path_) -> Any:
    for step in path:
        document = document[step]
    return document


def drop(parent: Any, key: Any) -> None:
    del parent[key]


def keep_alone(parent: Any, key: Any) -> None:
    value = parent[key]
    parent.clear()
    if isinstance(parent, dict):
        parent[key] = value
    else:
        parent.append(value)


def empty(parent: Any, key: Any) -> None:
    if isinstance(parent[key], dict | list):
        parent[key].clear()


def rename(new: Callable[[str], str]) -> Change:
    def apply(parent: Any, key: Any) -> None:
        if isinstance(parent, dict):
            parent[new(key)] = parent.pop(key)

    return apply


def retype(other: Any) -> Change:
    def apply(parent: Any, key: Any) -> None:
        if type(parent[key]) is not type(other):
            parent[key] = copy.deepcopy(other)

    return apply


def add(other: Any) -> Change:
    def apply(parent: Any, key: Any) -> None:
        if isinstance(parent[key], dict):
            parent[key]["zzz"] = copy.deepcopy(other)
        elif isinstance(parent[key], list) and not isinstance(other, str):  # another text need not fit the pattern
            parent[key].append(copy.deepcopy(other))

    return apply


def snake(key: str) -> str:
    """The name that the field has in Python, which no document may use."""
    return re.sub(r"(?=[A-Z])", "_", key).lower()


CHANGES: dict[str, Change] = {
    "drop": drop,
    "keep alone": keep_alone,
    "empty": empty,
    **{f"rename to {new('key')}": rename(new) for new in (lambda _: "zzz", lambda _: "Bad Key", str.upper)},
    "rename as in Python": rename(snake),
    "rename to nothing": rename(lambda _: ""),
    "rename to something long": rename(lambda _: "x" * 300),
    **{f"make it {other!r}": retype(other) for other in OTHER_TYPES},
    **{f"add {other!r}": add(other) for other in ("text", 7, True, {}, ["text"], None)},
}
"""Changes of shape: whether they leave a document valid is for models and schemas to say, with one voice."""


def places(document: Any) -> list[Path_]:
    """Where a change may be made. Inside the parameters of a call anything may stand but fractions, of which a schema
    cannot speak, so those stay as they are."""
    return [path for path in paths_of(document) if path and "params" not in path[:-1]]


def changed(document: Any, path: Path_, change: str) -> Any:
    result = copy.deepcopy(document)
    CHANGES[change](at(result, path[:-1]), path[-1])
    return result
