"""What an unquoted word means: the core schema of YAML 1.2.2, section 10.3.2, within the numbers of JSON."""

from __future__ import annotations

import math
import re
from typing import Final

_LARGEST_EXACT_INTEGER = 2**53 - 1
# No integer of more digits than this can be in range, and int() would take quadratic time to find that out.
_MOST_DIGITS = 400

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class NotFiniteError(ValueError):
    """The word is an infinity, not a number, or a float too large to hold."""


class IntegerRangeError(ValueError):
    """The word is an integer beyond 2^53-1 either way, which JSON readers do not agree on."""


def resolve_plain(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar. Quoted and block scalars are strings and do not come here.

    Null is `null`, `Null`, `NULL`, `~` or nothing; booleans are `true` and `false` in the same three
    spellings; integers are decimal, `0o` octal or `0x` hexadecimal. `010` is the integer 10, as decimal may
    start with zeros. Everything else is a string, also what YAML 1.1 took for something else: `no`, `on`,
    `1:30`, `1_000`, `0b1`, `2026-11-20`.

    Raises NotFiniteError and IntegerRangeError for numbers that have no exact JSON form.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _OCTAL.fullmatch(text):
        return _integer(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return _integer(text, 16)
    if _NOT_FINITE.fullmatch(text):
        raise NotFiniteError(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise NotFiniteError(text)
        return number
    return text


def _integer(text: str, base: int) -> int:
    if len(text) > _MOST_DIGITS:
        raise IntegerRangeError(text)
    number = int(text, 0 if base != 10 else 10)
    if abs(number) > _LARGEST_EXACT_INTEGER:
        raise IntegerRangeError(text)
    return number
