"""Sentences about what was done by hand; whoever prints them makes them harmless."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clawforge.resource.meta import format_instant

if TYPE_CHECKING:
    from clawforge.overlay.standing import StandingOverlay


_WORDS = {
    "kill": "kill switch over",
    "quarantine": "quarantine of",
    "elevation": "elevation of",
    "grant": "temporary grant to",
    "skill": "revocation of",
}


def overlay_count(overlays: Sequence[StandingOverlay]) -> str:
    """`2 active overlays`."""
    return "1 active overlay" if len(overlays) == 1 else f"{len(overlays):,} active overlays"


def overlay_sentence(overlay: StandingOverlay) -> str:
    """What holds, since when, by whom, until when and why."""
    until = "" if overlay.until is None else f" until {second(overlay.until)}"
    what = _WORDS[overlay.kind]
    return f"{what} {overlay.scope}, since {second(overlay.since)} by {overlay.by}{until}: {overlay.reason}"


def second(moment: dt.datetime) -> str:
    """A moment without a fraction."""
    return format_instant(moment.replace(microsecond=0))
