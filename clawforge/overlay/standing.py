"""What was done by hand and still holds, as plans show it."""

from __future__ import annotations

from typing import Literal

from clawforge.resource.meta import Instant, Strict


class StandingOverlay(Strict):
    """Something that is on or in force: a kill switch, a quarantine, what is lifted for somebody, or a skill that was
    revoked by hand. No apply ends it; only that of a skill ends with one that says the same.

    `until` None: until somebody ends it.
    """

    id: str
    kind: Literal["kill", "quarantine", "elevation", "grant", "skill"]
    scope: str
    reason: str
    since: Instant
    by: str
    until: Instant | None = None
