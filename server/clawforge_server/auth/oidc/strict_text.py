"""Text that leaves no room for two readings: JSON objects without repeated keys, base64url without spare bits."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, NoReturn

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_MOST_DIGITS = 18


def json_object(data: bytes) -> dict[str, Any]:
    """The object. Raises ValueError for everything else, also for a repeated key, NaN, and endless nesting."""
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_bounded
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def base64url(text: str) -> bytes:
    """The bytes of their one spelling. Raises ValueError."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("not the one spelling of these bytes")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a repeated key")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError("a number that JSON does not have")


def _bounded(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError("a number without measure")
    return int(text)
