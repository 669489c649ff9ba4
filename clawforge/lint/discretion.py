"""Keeping secrets out of what lint says: a message may quote the very value that should not be in the files."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from clawforge.decide.dlp.credentials import DETECTORS, may_hold_credential
from clawforge.diagnostic import Diagnostic

if TYPE_CHECKING:
    from clawforge.decide.dlp.engine import Scanner

_STANDS_FOR_SECRET = "[secret]"  # noqa: S105 - what is shown in its place


def without_secrets(text: str) -> str:
    """The text with every credential that our detectors know replaced by `[secret]`."""
    if not may_hold_credential(text):
        return text
    pieces: list[str] = []
    done = 0
    for match in secret_scanner().scan(text):
        if match.end > done:
            pieces += [text[done : max(done, match.start)], _STANDS_FOR_SECRET]
            done = match.end
    return "".join(pieces) + text[done:]


def discreet(diagnostic: Diagnostic) -> Diagnostic:
    """The diagnostic without credentials in its sentences."""
    message, hint = without_secrets(diagnostic.message), without_secrets(diagnostic.hint)
    if message == diagnostic.message and hint == diagnostic.hint:
        return diagnostic
    return replace(diagnostic, message=message, hint=hint)


@lru_cache(maxsize=1)
def secret_scanner() -> Scanner:
    """Finds the credentials that our detectors know."""
    from clawforge.decide.dlp.engine import Scanner, ScanRule

    return Scanner([ScanRule(id=name, detector=name) for name in DETECTORS])
