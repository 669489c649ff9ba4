"""Why a value is no resource: the validation errors of the models in words for people."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from clawforge.load.pointer import escape
from clawforge.load.problem_list import shown
from clawforge.load.shape import Spot, bare, choices_of, describe, fields_of, find_spot, found, is_model
from clawforge.load.spelled_pattern import SPELLED_PATTERNS
from clawforge.look_alike import disguise
from clawforge.spelling import nearest

_HINT_STARTS = re.compile(r"^(.+?)[:;] ((?:write|use|name|give|leave|make|start) .+)$", re.DOTALL)
_NAMED_FIELD = re.compile(r"^`(\w+)`")
_FREE_PARAMETERS = re.compile(r"/spec/(cases/[0-9]+/(call|expect)|require)/params")
_MOST_PROBLEMS = 100
_APPLIES_TO_HINT = "Say whom it is for; everybody is written `appliesTo: everyone`."


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: where (JSON pointer into the document as written), a stable code, a sentence and
    a hint. `on_key` tells that the key is wrong and not its value.
    """

    pointer: str
    code: str
    message: str
    hint: str = ""
    on_key: bool = False


def field_problems(model: type[BaseModel], document: Any, error: ValidationError) -> list[FieldProblem]:
    """One problem for every mistake of the author, in the order of the document's fields."""
    problems: dict[tuple[str, str], FieldProblem] = {}
    for item in error.errors(include_url=False, include_input=False):
        spot = find_spot(model, document, item["loc"])
        if spot.foreign or (item["type"] == "too_short" and spot.value):
            continue  # Items that are wrong themselves do not count for pydantic: that the list is too short follows.
        problem = _explain(item["type"], dict(item.get("ctx") or {}), spot)
        problems.setdefault((problem.pointer, problem.code), problem)
        if len(problems) >= _MOST_PROBLEMS:
            message = f"{_MOST_PROBLEMS} problems in this resource; the others are not shown."
            problems["", ""] = FieldProblem("", "too-many-problems", message, "Mend these first.")
            break
    return _without_consequences(list(problems.values()))


def null_problems(document: Any) -> list[FieldProblem]:
    """Keys without a value, and numbers that JSON turns into null: nobody can tell whether nothing or anything is
    meant, so they are refused. The free parameters of a call may hold null, but are not null themselves.
    """
    problems: list[FieldProblem] = []
    stack: list[tuple[str, str, bool, Any]] = [("", "", False, document)]
    while stack and len(problems) < _MOST_PROBLEMS:
        pointer, name, free, value = stack.pop()
        if isinstance(value, dict):
            free = free or _FREE_PARAMETERS.fullmatch(pointer) is not None
            stack += [(f"{pointer}/{escape(key)}", key, free, item) for key, item in value.items()]
        elif isinstance(value, list):
            stack += [(f"{pointer}/{index}", name, free, item) for index, item in enumerate(value)]
        elif (value is None and not free) or (isinstance(value, float) and not math.isfinite(value)):
            subject = f"An item of {shown(name)}" if pointer.rpartition("/")[2].isdigit() else shown(name)
            message = f"{subject} has no value." if value is None else f"{subject} is not a finite number."
            hint = "Give it a value (`[]` for an empty list), or remove it."
            problems.append(FieldProblem(pointer, "wrong-type", message, hint))
    return problems


def _explain(kind: str, context: dict[str, Any], spot: Spot) -> FieldProblem:
    if spot.undecided:
        return _wrong_choice(spot) if isinstance(spot.value, str) and choices_of(spot.annotation) else _wrong_type(spot)
    return _EXPLANATIONS.get(kind, _other)(spot, context, kind)


def _unknown_field(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    known = fields_of(spot.model) if spot.model else {}
    guess = nearest(spot.name, known)
    holder = spot.pointer.rpartition("/")[0].rpartition("/")[2]
    where = f" in {shown(holder)}" if holder and not holder.isdigit() else ""
    hint = f"Did you mean `{guess}`?" if guess else f"Known fields here: {', '.join(sorted(known))}."
    return FieldProblem(spot.pointer, "unknown-field", f"Unknown field {shown(spot.name)}{where}.", hint, True)


def _missing_field(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    hint = f"Add it: `{spot.name}` is {describe(spot.annotation)}."
    if spot.name == "appliesTo":
        hint = _APPLIES_TO_HINT
    return FieldProblem(spot.pointer, "missing-field", f"The field `{spot.name}` is missing.", hint, True)


def _wrong_type(spot: Spot, context: dict[str, Any] | None = None, kind: str = "") -> FieldProblem:
    expected = describe(spot.annotation)
    message = f"{_subject(spot)} must be {expected}, not {found(spot.value)}."
    hint = f"Write {expected}."
    if expected.startswith("a list of") and isinstance(spot.value, str) and spot.value.isprintable():
        hint = f"Write a list: `{spot.name}: [{spot.value[:40]}]`."
    elif expected == "a string" and isinstance(spot.value, bool | int | float):
        hint = "Put the value in quotes."
    return FieldProblem(spot.pointer, "wrong-type", message, hint)


def _wrong_choice(spot: Spot, context: dict[str, Any] | None = None, kind: str = "") -> FieldProblem:
    if not isinstance(spot.value, str):
        return _wrong_type(spot)
    choices = choices_of(spot.annotation)
    guess = nearest(spot.value, choices)
    allowed = describe(spot.annotation)
    hint = f"Did you mean `{guess}`? It must be {allowed}." if guess else f"It must be {allowed}."
    return _invalid(spot, f"{_subject(spot)} cannot be {shown(spot.value)}.", hint)


def _unknown_tag(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    """The field that says which of several shapes is meant is missing, or says something else."""
    name = str(context.get("discriminator", "")).strip("'")
    pointer = f"{spot.pointer}/{escape(name)}"
    if not isinstance(spot.value, dict):
        return _wrong_type(spot)
    allowed = ", ".join(choice for shape in _shapes(spot.annotation) for choice in choices_of(fields_of(shape)[name]))
    if name not in spot.value:
        message, hint = f"The field `{name}` is missing.", f"Add it: `{name}` is one of {allowed}."
        return FieldProblem(pointer, "missing-field", message, hint, True)
    value = spot.value[name]
    guess = nearest(value, allowed.split(", ")) if isinstance(value, str) else None
    hint = f"Did you mean `{guess}`? It must be one of {allowed}." if guess else f"It must be one of {allowed}."
    return FieldProblem(pointer, "invalid-value", f"`{name}` cannot be {found(value)}.", hint)


def _shapes(annotation: Any) -> tuple[Any, ...]:
    shape = bare(annotation)
    return tuple(item for item in (shape if isinstance(shape, tuple) else (shape,)) if is_model(item))


def _pattern(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    words = SPELLED_PATTERNS.get(context.get("pattern", ""), "in the form that the reference of this field gives")
    hidden = disguise(str(spot.value))
    message = f"{_subject(spot)} cannot be {shown(str(spot.value))}"
    if hidden is not None:
        return _invalid(spot, f"{message}: {hidden[0]}.", f"Type it anew: {shown(hidden[1])}.")
    return _invalid(spot, f"{message}.", f"Write {words}.")


def _size(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    least, most = context.get("min_length"), context.get("max_length")
    unit = "characters" if kind.startswith("string") else "items"
    if kind.endswith("too_short"):
        if least == 1:
            hint = "Write something" if unit == "characters" else "Give at least one"
            return _invalid(spot, f"{_subject(spot)} is empty.", f"{hint}, or remove it.")
        return _invalid(spot, f"{_subject(spot)} is too short.", f"It needs at least {least:,} {unit}.")
    return _invalid(spot, f"{_subject(spot)} is too long.", f"At most {most:,} {unit} are accepted.")


def _range(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    bounds = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    key, limit = next((name, context[name]) for name in bounds if name in context)
    message = f"{_subject(spot)} must be {bounds[key]} {limit:,}, not {spot.value}."
    return _invalid(spot, message, f"Write a number of {bounds[key]} {limit:,}.")


def _own_words(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    """Errors that the models themselves raise, which already speak to people."""
    text = str(context.get("error", "")).strip().rstrip(".")
    culprit, value = _culprit(spot, text)
    hidden = disguise(value) if isinstance(value, str) and repr(value) in text else None
    match = _HINT_STARTS.match(text)
    sentence, hint = (match[1], match[2]) if match else (text, "")
    named = sentence.startswith("`") or spot.name in sentence.split()
    if not named and spot.name and not isinstance(spot.value, dict):
        sentence = f"`{spot.name}`: {sentence}"
    hint = hint[:1].upper() + hint[1:] + "." if hint else "Change the value."
    if hidden is not None:
        sentence, hint = f"{sentence}: {hidden[0]}", f"Type it anew: {shown(hidden[1])}."
    sentence = sentence if sentence.startswith("`") else sentence[:1].upper() + sentence[1:]
    return FieldProblem(culprit, "invalid-value", sentence + ".", hint, spot.on_key)


def _culprit(spot: Spot, text: str) -> tuple[str, Any]:
    """The pointer of the member that the text speaks of, where that can be told, and what stands there."""
    if isinstance(spot.value, dict):
        named = _NAMED_FIELD.match(text)
        if named and named[1] in spot.value:
            return f"{spot.pointer}/{escape(named[1])}", spot.value[named[1]]
        members: list[tuple[Any, Any]] = list(spot.value.items())
    elif isinstance(spot.value, list):
        members = list(enumerate(spot.value))
    else:
        return spot.pointer, spot.value
    for key, item in members:
        if isinstance(item, str) and repr(item) in text:
            return f"{spot.pointer}/{escape(str(key))}", item
    return spot.pointer, spot.value


def _time(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    if not isinstance(spot.value, str):
        return _wrong_type(spot)
    missing = "has no zone" if kind == "timezone_aware" else f"is not {describe(spot.annotation)}"
    shape = describe(spot.annotation)
    return _invalid(spot, f"{_subject(spot)} {missing}: {shown(spot.value)}.", f"Write {shape}.")


def _other(spot: Spot, context: dict[str, Any], kind: str) -> FieldProblem:
    if kind.endswith("_type"):
        return _wrong_type(spot)
    return _invalid(spot, f"{_subject(spot)} cannot be {found(spot.value)}.", f"Write {describe(spot.annotation)}.")


def _subject(spot: Spot) -> str:
    if spot.on_key:
        return f"The key {shown(spot.name)}"
    if not spot.name:
        return "The document"
    inside_list = spot.pointer.rpartition("/")[2].isdigit()
    return f"An item of {shown(spot.name)}" if inside_list else shown(spot.name)


def _invalid(spot: Spot, message: str, hint: str) -> FieldProblem:
    return FieldProblem(spot.pointer, "invalid-value", message, hint, spot.on_key)


def _without_consequences(problems: list[FieldProblem]) -> list[FieldProblem]:
    """Leave out a missing field whose misspelling is reported beside it."""
    misspelt = {
        problem.pointer.rpartition("/")[0] + "/" + problem.hint.split("`")[1]
        for problem in problems
        if problem.code == "unknown-field" and problem.hint.startswith("Did you mean")
    }
    return [problem for problem in problems if problem.code != "missing-field" or problem.pointer not in misspelt]


_EXPLANATIONS: dict[str, Callable[[Spot, dict[str, Any], str], FieldProblem]] = {
    "extra_forbidden": _unknown_field,
    "missing": _missing_field,
    "enum": _wrong_choice,
    "literal_error": _wrong_choice,
    "string_pattern_mismatch": _pattern,
    "string_too_short": _size,
    "string_too_long": _size,
    "too_short": _size,
    "too_long": _size,
    "greater_than": _range,
    "greater_than_equal": _range,
    "less_than": _range,
    "less_than_equal": _range,
    "union_tag_invalid": _unknown_tag,
    "union_tag_not_found": _unknown_tag,
    "value_error": _own_words,
    "timezone_aware": _time,
    "datetime_parsing": _time,
    "datetime_from_date_parsing": _time,
    "datetime_type": _time,
    "date_parsing": _time,
    "date_from_datetime_parsing": _time,
    "date_from_datetime_inexact": _time,
    "date_type": _time,
}
