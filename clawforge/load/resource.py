"""A plain value becomes a resource, or the list of reasons why it is none. Files and posted JSON come the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from clawforge.load.field_problem import FieldProblem, field_problems, null_problems
from clawforge.load.problem_list import shown
from clawforge.load.shape import found
from clawforge.resource.meta import API_VERSION, Resource
from clawforge.resource.registry import BY_KIND
from clawforge.spelling import nearest

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

__all__ = ["FieldProblem", "parse_model", "parse_resource", "written_address"]

_Model = TypeVar("_Model", bound=BaseModel)

_EXCLUDE_HINT = "Leave the file out with `exclude` in clawforge.yaml if it holds no resources."


def parse_resource(value: JsonValue) -> Resource | list[FieldProblem]:
    """The resource that the value describes, or everything that is wrong with it. Never raises for bad content."""
    if not isinstance(value, dict):
        return [FieldProblem("", "not-a-resource", f"A resource is a mapping, not {found(value)}.", _EXCLUDE_HINT)]
    model = BY_KIND.get(kind) if isinstance(kind := value.get("kind"), str) else None
    if model is None or value.get("apiVersion") != API_VERSION:
        return [_header_problem(value)]
    return parse_model(model, value)


def parse_model(model: type[_Model], value: JsonValue) -> _Model | list[FieldProblem]:
    """The value as one strict model, or everything that is wrong with it. Python names of fields are not accepted."""
    try:
        text = orjson.dumps(value)
    except TypeError:
        message = "This holds text or numbers that JSON cannot carry, or is nested too deeply."
        return [FieldProblem("", "invalid-value", message, "Look for unpaired surrogates and very large integers.")]
    problems = null_problems(value) if b"null" in text else []
    try:
        parsed = model.model_validate_json(text, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        empty = {problem.pointer for problem in problems}
        return problems + [item for item in field_problems(model, value, error) if item.pointer not in empty]
    return problems or parsed


def written_address(value: JsonValue) -> str | None:
    """`Kind/name` as far as the value says it, however wrong the rest may be."""
    if not isinstance(value, dict) or not isinstance(metadata := value.get("metadata"), dict):
        return None
    kind, name = value.get("kind"), metadata.get("name")
    return f"{kind}/{name}" if kind in BY_KIND and isinstance(name, str) else None


def _header_problem(value: dict[str, Any]) -> FieldProblem:
    """What is wrong with `apiVersion` and `kind`, which say how everything else is read."""
    version, kind = value.get("apiVersion"), value.get("kind")
    ours = version == API_VERSION
    if not ours and not (isinstance(kind, str) and kind in BY_KIND):
        message = f"This is no resource of {API_VERSION}: " + (
            f"its apiVersion is {found(version)}." if "apiVersion" in value else "it has no `apiVersion`."
        )
        pointer = "/apiVersion" if "apiVersion" in value else ""
        return FieldProblem(pointer, "not-a-resource", message, _EXCLUDE_HINT)
    if not ours:
        hint = f"Write `apiVersion: {API_VERSION}`."
        if "apiVersion" not in value:
            return FieldProblem("/apiVersion", "missing-field", "The field `apiVersion` is missing.", hint, True)
        return FieldProblem("/apiVersion", "wrong-api-version", f"`apiVersion` cannot be {found(version)}.", hint)
    known = ", ".join(BY_KIND)
    if "kind" not in value:
        return FieldProblem("/kind", "missing-field", "The field `kind` is missing.", f"Add one of {known}.", True)
    if not isinstance(kind, str):
        message = f"`kind` must be a string, not {found(kind)}."
        return FieldProblem("/kind", "wrong-type", message, f"Write one of {known}.")
    if kind == "Project":
        hint = "The project file is the clawforge.yaml at the top of the project; there is only one."
        return FieldProblem("/kind", "unknown-kind", "A Project is no resource.", hint)
    guess = nearest(kind, BY_KIND)
    hint = f"Did you mean `{guess}`?" if guess else f"Known kinds: {known}."
    return FieldProblem("/kind", "unknown-kind", f"Unknown kind {shown(kind)}.", hint)
