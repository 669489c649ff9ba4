"""The parameters of a tool call: every string in them is scanned, and findings are cut out again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.decide.dlp.engine import Scanner

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """How much of one call is looked at. What is over one is not scanned: `ParamScan.truncated` says so."""

    characters: int = 1 << 20
    """Code points of all names and values together."""
    values: int = 20_000
    """Names and values."""
    depth: int = 64
    """Objects and arrays inside one another."""
    pointer: int = 4096
    """Code points of the JSON pointer to an object or array."""


DEFAULT_LIMITS = ScanLimits()


@dataclass(frozen=True, slots=True)
class ParamMatch:
    """A finding in one string of the parameters; `start` and `end` (exclusive) count its code points.

    `pointer` is an RFC 6901 JSON pointer. With `in_name` the finding is in the *name* of the member that it
    points to, else in its value. Of a number, the text is its decimal digits.
    """

    pointer: str
    in_name: bool
    start: int
    end: int
    rule_id: str
    detector: str


@dataclass(frozen=True, slots=True)
class ParamScan:
    """The findings, sorted by pointer, name before value, start, end, rule.

    `truncated` means that some of the parameters were not scanned. What was not scanned may hold anything:
    the caller must refuse the call, or ask, wherever a rule that blocks, redacts or asks applies.
    """

    matches: tuple[ParamMatch, ...]
    truncated: bool


def scan_params(scanner: Scanner, params: JsonValue, tool: str, limits: ScanLimits = DEFAULT_LIMITS) -> ParamScan:
    """Scan all names and values of the parameters with the rules that apply to the tool."""
    found: list[ParamMatch] = []
    characters = values = 0
    truncated = False
    for pointer, in_name, text in _texts(params, "", limits.depth, limits):
        values += 1
        characters += len(text) if text is not None else 0
        if values > limits.values or characters > limits.characters:
            truncated = True
            break
        if text is None:
            truncated = True
            continue
        found.extend(
            ParamMatch(pointer, in_name, match.start, match.end, match.rule_id, match.detector)
            for match in (scanner.scan(text, tool) if text else ())
        )
    found.sort(key=lambda match: (match.pointer, not match.in_name, match.start, match.end, match.rule_id))
    return ParamScan(tuple(found), truncated)


def _texts(value: JsonValue, pointer: str, depth: int, limits: ScanLimits) -> Iterator[tuple[str, bool, str | None]]:
    """Pointer, whether it is a name, and text of all that is scanned, in order; None: over a limit."""
    if isinstance(value, dict | list):
        if depth == 0 or len(pointer) > limits.pointer:
            yield pointer, False, None
            return
        for token, member in value.items() if isinstance(value, dict) else enumerate(value):
            place = f"{pointer}/{escaped(str(token))}"
            if isinstance(token, str):
                yield place, True, token
            yield from _texts(member, place, depth - 1, limits)
    elif value is not None and not isinstance(value, bool):
        yield pointer, False, scannable_text(value)


_LARGEST_WHOLE_FLOAT = 1e21
_MOST_BITS = 4096


def scannable_text(value: str | int | float) -> str | None:
    """What of a scalar is scanned: strings as they are, whole numbers in decimal, of other numbers nothing.

    A card number is also a valid JSON number, with or without `.0`. None for integers above 4,096 bits.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if abs(value) < _LARGEST_WHOLE_FLOAT and value.is_integer() else ""
    return str(value) if value.bit_length() <= _MOST_BITS else None


def escaped(token: str) -> str:
    """A member's name as a reference token of a JSON pointer (RFC 6901, section 3)."""
    return token.replace("~", "~0").replace("/", "~1")
