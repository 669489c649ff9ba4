"""Canonical JSON and digests: the bytes that are hashed, signed and compared.

RFC 8785 on documents without floating-point numbers: keys sorted by UTF-16 code units, no white space, minimal
escapes. orjson sorts keys by code points, which differs from RFC 8785 only where keys hold characters beyond
U+FFFF; such documents take the slower path.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias

import orjson

from clawforge.errors import InputError

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None

_LARGEST_EXACT_INTEGER = 2**53 - 1


def canonical_bytes(value: Any) -> bytes:
    """The canonical encoding of a JSON document.

    Raises InputError for what has no canonical form here: floats, integers beyond 2^53-1, keys that are not strings,
    and text that is not valid Unicode.
    """
    _refuse_inexact(value)
    try:
        encoded = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise InputError(f"This value has no canonical JSON form: {error}.") from error
    if not encoded.isascii() and _has_astral_key(value):
        return orjson.dumps(_sorted_by_utf16(value))
    return encoded


def digest(value: Any) -> str:
    """`sha256:<hex>` over the canonical encoding."""
    return digest_of_bytes(canonical_bytes(value))


def digest_of_bytes(data: bytes) -> str:
    """`sha256:<hex>` over bytes as they are."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _refuse_inexact(value: Any) -> None:
    """Walk the document with an explicit stack: the depth of foreign input must not become our recursion."""
    stack = [value]
    while stack:
        item = stack.pop()
        # Nearly all of a document is text; asking for its very type is the fastest question.
        if type(item) is str or item is None or isinstance(item, (str, bool)):
            continue
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
        elif isinstance(item, int):
            if abs(item) > _LARGEST_EXACT_INTEGER:
                raise InputError(f"The integer {item} cannot be written exactly in canonical JSON.")
        else:
            raise InputError(f"A {type(item).__name__} has no canonical JSON form.")


def _has_astral_key(value: Any) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if any(max(key, default="") > "\uffff" for key in item):
                return True
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
    return False


def _sorted_by_utf16(value: Any) -> Any:
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return {key: _sorted_by_utf16(item) for key, item in ordered}
    if isinstance(value, list | tuple):
        return [_sorted_by_utf16(item) for item in value]
    return value
