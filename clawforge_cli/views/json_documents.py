"""Documents for programs: exactly one JSON document on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge_cli.views.terminal import harmless


def show(document: Any) -> None:
    """Print a document, indented, keys as they come; control characters leave as JSON escapes."""
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(escape_beyond_json(text) + "\n")


def show_diagnostics(diagnostics: Sequence[Diagnostic]) -> None:
    """`{diagnostics[], summary{error, warning, note}}`. Texts arrive escaped as in every other form: what decodes them
    may print them.
    """
    show(
        harmless(
            {
                "diagnostics": [
                    {
                        "code": item.code,
                        "severity": item.severity.value,
                        "message": item.message,
                        "hint": item.hint,
                        "location": _location(item.location),
                    }
                    for item in diagnostics
                ],
                "summary": {
                    severity.value: sum(item.severity is severity for item in diagnostics) for severity in Severity
                },
            }
        )
    )


def _location(location: Location) -> dict[str, Any]:
    return {"file": location.file, "line": location.line, "col": location.col}


def escape_beyond_json(text: str) -> str:
    """JSON lets DEL, C1 controls and bidirectional marks stand as they are; a terminal would act on them."""
    if text.isascii() and "\x7f" not in text:
        return text
    import unicodedata

    return "".join(
        _json_escape(character)
        if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} and character != "\n"
        else character
        for character in text
    )


def _json_escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
