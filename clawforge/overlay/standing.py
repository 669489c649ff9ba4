"""What was done by hand and still holds, as plans show it."""

from __future__ import annotations

from typing import Literal

from clawforge.resource.meta import Instant, Strict


class StandingOverlay(Strict):
    """A kill switch that is on, or a machine that somebody put into quarantine: an apply changes nothing about it.

    `until` None: until somebody ends it.
    """

    id: str
    kind: Literal["kill", "quarantine"]
    scope: str
    reason: str
    since: Instant
    by: str
    until: Instant | None = None
