"""Which fields a kind has, as paths in the words of a plan: `spec.tools.deny`."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel

from clawforge.resource.meta import Resource
from clawforge.spelling import nearest

_KEY = re.compile(r"\[(?:\"(?:[^\"\\]|\\.)*\"|[^\]]*)\]")
_ROOTS = ("metadata", "spec")


@dataclass(frozen=True, slots=True)
class KindFields:
    """Paths of a kind without the names of list items; below an `open` one stands whatever somebody wrote."""

    paths: frozenset[str]
    open: frozenset[str]

    def has(self, field: str) -> bool:
        """Whether there can be such a field."""
        plain = _KEY.sub("", field)
        return plain in self.paths or any(plain.startswith(f"{path}.") for path in self.open)


@cache
def kind_fields(kind: type[Resource]) -> KindFields:
    """The fields of a kind, from its model."""
    found = [item for root in _ROOTS for item in _walk(root, kind.model_fields[root].annotation, ())]
    return KindFields(frozenset(path for path, _ in found), frozenset(path for path, is_open in found if is_open))


def is_within(path: str, field: str) -> bool:
    """Whether a path is the field, or lies in it."""
    return path == field or (path.startswith(field) and path[len(field)] in ".[ ")


def probable_field(field: str, candidates: Iterable[str]) -> str | None:
    """The field that was probably meant: the same below `spec`, or one that is spelt nearly so."""
    known = {around for path in candidates for around in _around(path)}
    under = f"spec.{field}"
    return under if under in known else nearest(field, known) or nearest(under, known)


def _around(path: str) -> Iterator[str]:
    yield path
    for position, letter in enumerate(path):
        if letter in ".[":
            yield path[:position]


def _walk(path: str, annotation: Any, inside: tuple[type[BaseModel], ...]) -> Iterator[tuple[str, bool]]:
    models, is_open = _parts(annotation)
    yield path, is_open
    for model in models:
        if model in inside:
            continue
        for name, field in model.model_fields.items():
            yield from _walk(f"{path}.{field.alias or name}", field.annotation, (*inside, model))


def _parts(annotation: Any) -> tuple[list[type[BaseModel]], bool]:
    """The models that a value may hold, itself or as items, and whether it is a mapping with free keys."""
    waiting, models, is_open = [annotation], [], False
    while waiting:
        here = waiting.pop()
        if isinstance(here, type) and issubclass(here, BaseModel):
            models.append(here)
            continue
        origin = typing.get_origin(here)
        is_open = is_open or (isinstance(origin, type) and issubclass(origin, Mapping))
        waiting.extend(typing.get_args(here))
    return models, is_open
