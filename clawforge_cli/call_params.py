"""Parameters of a tool call as they are given on the command line."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from clawforge.errors import InputError

_HINT = """Write it as '{"command": "git status"}'."""


def parse_params(text: str) -> dict[str, Any]:
    """A JSON object. Raises InputError that says what was wrong and how it should look."""
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(f"--params is not JSON: {error}.", hint=_HINT) from error
    if not isinstance(value, dict):
        raise InputError("--params must be a JSON object.", hint=_HINT)
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A host could read the other value of a key that stands there twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
