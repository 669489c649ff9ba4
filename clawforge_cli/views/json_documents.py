"""Documents for programs: exactly one JSON document on standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge_cli.views.terminal import harmless

if TYPE_CHECKING:
    from clawforge.analysis.upcoming import Upcoming
    from clawforge.plan import Plan


def show(document: Any) -> None:
    """Print a document, indented, keys as they come; control characters leave as JSON escapes."""
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    sys.stdout.write(escape_beyond_json(text) + "\n")


def show_diagnostics(diagnostics: Sequence[Diagnostic], upcoming: Sequence[Upcoming] | None = None) -> None:
    """`{diagnostics[], summary{error, warning, note}, upcoming[]?}`. Texts arrive escaped as in every other form: what
    decodes them may print them.
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
                **({} if upcoming is None else {"upcoming": _upcoming(upcoming)}),
            }
        )
    )


def show_plan(plan: Plan, forecast: Sequence[Upcoming] | None = None) -> None:
    """The plan; beside its members, `forecast[]` where somebody looked ahead. That is no part of the plan, which goes
    back to the control plane as it came."""
    from clawforge.plan import plan_json

    show(plan_json(plan) | ({} if forecast is None else {"forecast": _upcoming(forecast)}))


def _upcoming(items: Sequence[Upcoming]) -> list[dict[str, Any]]:
    return [item.model_dump(mode="json", by_alias=True) for item in items]


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
