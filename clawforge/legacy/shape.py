"""What a body of the old API must look like, and what is wrong with one that does not, in the words of its validator.

Old clients show these issues to people, and some read their paths, so the wording is kept: it is that of zod 3.
Unknown keys are not looked at, as there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

_EMAIL = re.compile(r"[^\s@<>\"',;]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_MOST_ISSUES = 100

Path = tuple[str | int, ...]
Kind = Literal["string", "number", "boolean", "array", "object", "email", "uuid"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong; `more` is what the validator says besides, in front of the path."""

    code: str
    path: Path
    message: str
    more: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """As it is sent."""
        if self.code == "invalid_string":
            return {**self.more, "code": self.code, "message": self.message, "path": list(self.path)}
        return {"code": self.code, **self.more, "path": list(self.path), "message": self.message}


@dataclass(frozen=True, slots=True)
class Field:
    """A value. `shortest` is the least length of text; `options` are all values there are; `items` is the shape of the
    elements of an array, `fields` of an object."""

    kind: Kind = "string"
    required: bool = True
    nullable: bool = False
    shortest: int = 0
    options: tuple[str, ...] = ()
    items: Shape | None = None
    fields: Shape | None = None


Shape = Mapping[str, Field]

_NAMES: dict[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}
_PLAIN = {"email": "string", "uuid": "string"}


def issues(shape: Shape, value: Any) -> list[Issue]:
    """What is wrong with a decoded body, at most a hundred things; empty if it can be used."""
    found: list[Issue] = []
    for issue in _of_object(shape, value, ()):
        found.append(issue)
        if len(found) >= _MOST_ISSUES:
            break
    return found


def unknown_option(path: Path, options: tuple[str, ...]) -> Issue:
    """A value that decides about the rest is none of the known ones."""
    listed = " | ".join(f"'{option}'" for option in options)
    message = f"Invalid discriminator value. Expected {listed}"
    return Issue("invalid_union_discriminator", path, message, {"options": list(options)})


def _of_object(shape: Shape, value: Any, path: Path) -> Iterator[Issue]:
    if not isinstance(value, dict):
        yield _wrong_type("object", value, path)
        return
    for name, field in shape.items():
        if name in value:
            yield from _of_value(field, value[name], (*path, name))
        elif field.required:
            expected = _PLAIN.get(field.kind, field.kind)
            yield Issue("invalid_type", (*path, name), "Required", {"expected": expected, "received": "undefined"})


def _of_value(field: Field, value: Any, path: Path) -> Iterator[Issue]:
    if value is None and field.nullable:
        return
    expected = _PLAIN.get(field.kind, field.kind)
    if _NAMES.get(type(value)) != expected:
        yield _wrong_type(expected, value, path)
    elif field.kind == "array" and field.items is not None:
        for at, item in enumerate(value):
            yield from _of_object(field.items, item, (*path, at))
    elif field.kind == "object" and field.fields is not None:
        yield from _of_object(field.fields, value, path)
    elif expected == "string":
        yield from _of_text(field, value, path)


def _of_text(field: Field, value: str, path: Path) -> Iterator[Issue]:
    if field.options and value not in field.options:
        listed = " | ".join(f"'{option}'" for option in field.options)
        message = f"Invalid enum value. Expected {listed}, received '{value[:200]}'"
        more = {"received": value[:200], "options": list(field.options)}
        yield Issue("invalid_enum_value", path, message, more)
    elif field.kind == "email" and not _EMAIL.fullmatch(value):
        yield Issue("invalid_string", path, "Invalid email", {"validation": "email"})
    elif field.kind == "uuid" and not _is_uuid(value):
        yield Issue("invalid_string", path, "Invalid uuid", {"validation": "uuid"})
    elif len(value) < field.shortest:
        least: dict[str, Any] = {"minimum": field.shortest, "type": "string", "inclusive": True, "exact": False}
        yield Issue("too_small", path, f"String must contain at least {field.shortest} character(s)", least)


def _wrong_type(expected: str, value: Any, path: Path) -> Issue:
    received = _NAMES.get(type(value), "unknown")
    message = f"Expected {expected}, received {received}"
    return Issue("invalid_type", path, message, {"expected": expected, "received": received})


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
