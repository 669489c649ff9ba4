"""What differs between two canonical resources, field by field.

deepdiff finds the differing places of a changed pair; this module decides what a *field* is for a reader: a list of
scalars is one field, and items of a list of objects are told apart by their `id` or `name`, not by their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from clawforge.plan import FieldChange

_PLAIN_KEY_EXTRA = frozenset("_-")


class _Whole(str):
    """A list that is compared and shown as one value: its JSON text, so that deepdiff does not look inside."""

    __slots__ = ()


def field_changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[FieldChange, ...]:
    """Changed fields in the order of their paths. None means the resource is not there on that side."""
    if before is None or after is None:
        present = before if after is None else after
        return tuple(_one_sided(present or {}, is_after=after is not None))
    from deepdiff import DeepDiff

    found: dict[str, FieldChange] = {}
    tree = DeepDiff(_keyed(before), _keyed(after), view="tree", ignore_order=False)
    for levels in tree.values():
        for level in levels:
            path = render_path(level.path(output_format="list"))
            old, new = _side(level.t1), _side(level.t2)
            if old is None or new is None:
                for change in _spread(path, old if new is None else new, is_after=new is not None):
                    found[change.path] = change
            else:
                found[path] = FieldChange(path=path, before=old, after=new)
    for change in _reordered(before, after):
        found[change.path] = change
    return tuple(found[path] for path in sorted(found))


def render_path(steps: list[Any] | tuple[Any, ...]) -> str:
    """`spec.tools.deny`, `spec.rules[cards].action`, `metadata.labels["a.b/c"]`."""
    text = ""
    for step in steps:
        key = str(step)
        if key.startswith("["):
            text += key
        elif key and all(character.isalnum() or character in _PLAIN_KEY_EXTRA for character in key):
            text += f".{key}" if text else key
        else:
            quoted = key.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def _one_sided(value: Mapping[str, Any], *, is_after: bool) -> Iterator[FieldChange]:
    for key in ("metadata", "spec"):
        for change in _spread(key, value.get(key, {}), is_after=is_after):
            if change.path != "metadata.name":
                yield change


def _spread(path: str, value: Any, *, is_after: bool) -> Iterator[FieldChange]:
    """Every leaf below a value that stands on one side only."""
    stack = [(path, _keyed(value) if isinstance(value, Mapping | list) else value)]
    while stack:
        here, item = stack.pop()
        if isinstance(item, Mapping) and item:
            children = [(here + _tail(key), child) for key, child in item.items()]
            stack.extend(reversed(children))
            continue
        shown = _side(item)
        yield FieldChange(path=here, after=shown) if is_after else FieldChange(path=here, before=shown)


def _tail(key: str) -> str:
    rendered = render_path([key])
    return rendered if rendered.startswith("[") else f".{rendered}"


def _keyed(value: Any) -> Any:
    """Lists of objects with distinct names become mappings by name; every other list becomes one value."""
    if isinstance(value, Mapping):
        return {key: _keyed(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    names = _names(value)
    if names is not None:
        return {f"[{name}]": _keyed(item) for name, item in zip(names, value, strict=True)}
    return _Whole(orjson.dumps(value).decode())


def _names(items: list[Any]) -> list[str] | None:
    """The distinct names of a list of objects; None when they have none."""
    names = [item.get("id", item.get("name")) if isinstance(item, Mapping) else None for item in items]
    distinct = bool(items) and all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    return [str(name) for name in names] if distinct else None


def _reordered(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[FieldChange]:
    """Lists of named objects whose shared items stand in another order: shown as the names, in order."""
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        here = path + _tail(key) if path else render_path([key])
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _reordered(old, new, here)
        elif isinstance(old, list) and isinstance(new, list):
            old_names, new_names = _names(old), _names(new)
            if old_names is None or new_names is None:
                continue
            shared = set(old_names) & set(new_names)
            if [name for name in old_names if name in shared] != [name for name in new_names if name in shared]:
                yield FieldChange(path=f"{here} (order)", before=old_names, after=new_names)


def _side(value: Any) -> Any:
    """The JSON value again, for showing; None for "not there"."""
    if isinstance(value, _Whole):
        return orjson.loads(str(value))
    if isinstance(value, Mapping):
        if value and all(key.startswith("[") for key in value):
            return [_side(item) for item in value.values()]
        return {key: _side(item) for key, item in value.items()}
    return None if type(value).__name__ == "NotPresent" else value
