"""What was done by hand and still holds, as plans show it."""

from __future__ import annotations

from typing import Literal

from clawforge.resource.meta import Instant, Strict


class StandingOverlay(Strict):
    """Something that is on or in force: a kill switch, a quarantine, or what is lifted for somebody. No apply ends it.

    `until` None: until somebody ends it.
    """

    id: str
    kind: Literal["kill", "quarantine", "elevation", "grant"]
    scope: str
    reason: str
    since: Instant
    by: str
    until: Instant | None = None
