"""Reading what a forge says, without believing in any of its forms: what is missing or odd reads as absent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from clawforge.errors import InputError

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LONGEST = 1024


def read_document(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """The object in the body. Raises InputError for everything else; nesting beyond 1,024 levels is refused."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        raise InputError(
            "The webhook is a form.", hint="Let the forge send `application/json`.", code="webhook-not-json"
        )
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError("The webhook is no JSON document.", code="webhook-not-json") from error
    if not isinstance(document, dict):
        raise InputError("The webhook is no JSON object.", code="webhook-not-json")
    return document


def mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under a name; an empty one if there is none."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def items(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects in the list under a name."""
    found = document.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(document: Mapping[str, Any], name: str) -> str | None:
    """The text under a name, if it is of a length that means something."""
    found = document.get(name)
    return found if isinstance(found, str) and 0 < len(found) <= _LONGEST else None


def texts(document: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """Those of several that are there, each once."""
    return tuple(dict.fromkeys(found for name in names if (found := text(document, name)) is not None))


def commit(document: Mapping[str, Any], name: str) -> str | None:
    """The id of a commit; None also for the zeros that stand for no commit."""
    found = text(document, name)
    return found if found is not None and _COMMIT.fullmatch(found) and found.strip("0") else None
