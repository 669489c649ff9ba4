"""The shape that the models give to a document: which fields a place has, and what may stand there."""

from __future__ import annotations

import datetime as dt
import types
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from clawforge.load.pointer import escape
from clawforge.load.problem_list import shown

_NAMES: dict[Any, str] = {
    str: "a string",
    int: "an integer",
    bool: "true or false",
    AwareDatetime: "a time such as 2026-11-20T10:00:00Z",
    dt.date: "a date such as 2026-11-20",
}
_PLURALS: dict[Any, str] = {str: "strings", int: "integers"}

ABSENT = object()
"""Stands for the value of a field that was not written."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a document: its JSON pointer, what belongs there and what stands there.

    `model` is the model whose field it is, if it is one. `on_key` tells that a mapping's key is meant and not its
    value. `foreign` tells that the place is wrong only by a shape that the author did not mean, and `undecided` that
    no shape of several can have been meant.
    """

    pointer: str
    name: str
    annotation: Any
    value: Any
    model: type[BaseModel] | None = None
    on_key: bool = False
    foreign: bool = False
    undecided: bool = False


@cache
def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Names of the fields as they are written, and their annotations."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def bare(annotation: Any) -> Any:
    """The annotation without metadata and without None; several alternatives come as a tuple of them."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            shapes = tuple(item for item in get_args(annotation) if item is not type(None))
            if len(shapes) > 1:
                return shapes
            annotation = shapes[0]
        else:
            return annotation


def find_spot(model: type[BaseModel], document: Any, location: tuple[int | str, ...]) -> Spot:
    """Follow the location of a validation error, which also names the alternatives that were tried."""
    spot = Spot("", "", model, document)
    for step in location:
        shape = bare(spot.annotation)
        spot = _alternative(spot, shape, str(step)) if isinstance(shape, tuple) else _inside(spot, shape, step)
        if spot.foreign or spot.undecided:
            break
    return spot


def _alternative(spot: Spot, shapes: tuple[Any, ...], tried: str) -> Spot:
    meant = _meant(shapes, spot.value)
    named = is_model(meant) and (tried.rstrip("]").endswith(meant.__name__) or tried in _tags(meant).values())
    foreign = is_model(meant) and not named
    annotation = spot.annotation if meant is None else meant
    return Spot(spot.pointer, spot.name, annotation, spot.value, spot.model, foreign=foreign, undecided=meant is None)


def _meant(shapes: tuple[Any, ...], value: Any) -> Any:
    """The model that shares most keys with what was written; the last one for a mapping that shares none with any.
    Where one or several texts may stand, what was written tells which."""
    if isinstance(value, str):
        return next((shape for shape in shapes if bare(shape) is str), None)
    if isinstance(value, list):
        return next((shape for shape in shapes if get_origin(bare(shape)) is tuple), None)
    models = [shape for shape in shapes if is_model(shape)]
    if not isinstance(value, dict) or not models:
        return None
    models = [model for model in models if all(value.get(name) == tag for name, tag in _tags(model).items())] or models
    shared = [len(value.keys() & fields_of(model).keys()) for model in models]
    return models[shared.index(max(shared))] if any(shared) else models[-1]


def _tags(model: type[BaseModel]) -> dict[str, str]:
    """Fields in which only one text may stand, and that text: they tell the model from its alternatives."""
    choices = {name: choices_of(annotation) for name, annotation in fields_of(model).items()}
    return {name: found[0] for name, found in choices.items() if len(found) == 1}


def _inside(spot: Spot, shape: Any, step: int | str) -> Spot:
    if step == "[key]":
        return Spot(spot.pointer, spot.name, str, spot.name, on_key=True)
    pointer = f"{spot.pointer}/{escape(str(step))}"
    value: Any = ABSENT
    if isinstance(step, int):
        if isinstance(spot.value, list) and step < len(spot.value):
            value = spot.value[step]
    elif isinstance(spot.value, dict):
        value = spot.value.get(step, ABSENT)
    if is_model(shape):
        return Spot(pointer, str(step), fields_of(shape).get(str(step), Any), value, shape)
    arguments = get_args(shape)
    if isinstance(step, int):
        return Spot(pointer, spot.name, arguments[0] if arguments else Any, value)
    return Spot(pointer, step, arguments[1] if len(arguments) > 1 else Any, value)


def is_model(shape: Any) -> bool:
    """Whether the shape is one of our models."""
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The texts that may stand there, if they can be counted."""
    shape = bare(annotation)
    if isinstance(shape, tuple):
        return tuple(choice for item in shape for choice in choices_of(item))
    if isinstance(shape, type) and issubclass(shape, Enum):
        return tuple(str(item.value) for item in shape)
    if get_origin(shape) is Literal:
        return tuple(str(item) for item in get_args(shape))
    return ()


def describe(annotation: Any) -> str:
    """What belongs there, in words that complete "must be"."""
    shape = bare(annotation)
    if isinstance(shape, tuple):
        return " or ".join(dict.fromkeys(describe(item) for item in shape))
    choices = choices_of(annotation)
    if choices:
        return f"`{choices[0]}`" if len(choices) == 1 else "one of " + ", ".join(choices)
    origin = get_origin(shape)
    if origin is tuple:
        item = bare(get_args(shape)[0])
        return f"a list of {_PLURALS.get(item, 'values' if choices_of(item) else 'mappings')}"
    if is_model(shape) or dict in (origin, shape):
        return "a mapping"
    return _NAMES.get(shape, "something else")


def found(value: Any) -> str:
    """What stands there, in words that follow "not"."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the string {shown(value)}"
    return "a list" if isinstance(value, list) else "a mapping"
