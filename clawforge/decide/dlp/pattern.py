"""Patterns that people write: RE2 syntax, compiled with bounded memory, never by Python's own engine."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

MEMORY = 8 << 20
"""Bytes that one compiled pattern may use, its automaton included; RE2 refuses a pattern that needs more."""

# Whether nothing at all matches depends only on what stands on either side: an edge, a line break, a word
# character, anything else. These sixteen texts are every such place.
_SIDES = (b"", b"\n", b"a", b" ")
_PLACES = tuple((before + after, len(before)) for before in _SIDES for after in _SIDES)


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Any:
    """A compiled `re2` pattern that reads UTF-8 bytes and gives byte offsets.

    Raises ValueError, in words for people, for what RE2 does not accept (lookaround, backreferences,
    repetition above 1,000), for `\\C` (half a character), and for a pattern that can match nothing, which
    would match everywhere.
    """
    import re2

    options = re2.Options()
    options.max_mem = MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(text.encode("utf-8"), options=options)
    except UnicodeEncodeError:
        raise ValueError("the pattern is not valid Unicode text") from None
    except re2.error as error:
        raise ValueError(_in_words(error)) from None
    if _matches_single_bytes(text):
        raise ValueError("\\C matches half a character; write `.` or (?s:.) instead")
    if any(compiled.fullmatch(place, at, at) is not None for place, at in _PLACES):
        raise ValueError(
            "the pattern can match the empty string, so it would match everywhere; make it need a character"
        )
    return compiled


def _matches_single_bytes(text: str) -> bool:
    escaped = False
    for character in text:
        if escaped and character == "C":
            return True
        escaped = character == "\\" and not escaped
    return False


# How RE2 words its refusals of what other engines know.
_GROUP = "invalid perl operator: (?"
_ESCAPE = "invalid escape sequence: \\"


def _in_words(error: Exception) -> str:
    detail = error.args[0] if error.args else b""
    reason = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    if reason.startswith(_GROUP):
        return f"RE2 does not know `{reason[len(_GROUP) - 2 :]}`: no lookahead, no lookbehind, no atomic group"
    if reason.startswith(_ESCAPE) and reason[-1:].isdigit():
        return f"RE2 does not know `{reason[len(_ESCAPE) - 1 :]}`: there are no backreferences"
    if "too large" in reason:
        return "the pattern is too large: it would need more than 8 MiB; use smaller repetition counts"
    return f"not a valid RE2 pattern: {reason}"
