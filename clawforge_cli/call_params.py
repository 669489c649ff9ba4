"""Parameters of a tool call as they are given on the command line."""

from __future__ import annotations

from typing import Any

import orjson

from clawforge.errors import InputError


def parse_params(text: str) -> dict[str, Any]:
    """A JSON object. Raises InputError that says what was wrong and how it should look."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(
            f"--params is not JSON: {error}.", hint="""Write it as '{"command": "git status"}'."""
        ) from error
    if not isinstance(value, dict):
        raise InputError("--params must be a JSON object.", hint="""Write it as '{"command": "git status"}'.""")
    return value
