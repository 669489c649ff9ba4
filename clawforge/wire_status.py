"""The HTTP document of `GET .../status`: the one screen that says whether an org is fine."""

from __future__ import annotations

from clawforge.resource.meta import Instant, Strict
from clawforge.wire_overlays import OverlayView
from clawforge.wire_reconcile import ReconcilerView
from clawforge.wire_versions import VersionCounts


class PresentRevision(Strict):
    """The revision in force: who made it, when, and from which commit."""

    number: int
    created_at: Instant
    actor: str
    source: str
    commit: str | None = None


class WaitingPlan(Strict):
    """A plan that could be applied if somebody approved it; `missing` are the codes of what it lacks."""

    id: str
    author: str
    created_at: Instant
    missing: tuple[str, ...]


class FleetCounts(Strict):
    """Machines whose credential is good, by when they were heard of; how many of them enforce what they should, and how
    many are in quarantine instead. The hosts of `crashing` ones come up again and again. `pending` wait to be let in,
    and are no part of the `total`. `oldPlugins` speak the protocol of the public plugin: they enforce no DLP, and deny
    what they should ask about."""

    total: int = 0
    online: int = 0
    stale: int = 0
    offline: int = 0
    never: int = 0
    enforcing: int = 0
    quarantined: int = 0
    crashing: int = 0
    pending: int = 0
    old_plugins: int = 0


class Violation(Strict):
    """An invariant that somebody was seen to violate."""

    at: Instant
    invariant: str
    why: str


class LogState(Strict):
    """How many records the audit log holds, and the last checkpoint that was signed of it."""

    records: int
    checkpoint: int | None = None
    checkpoint_at: Instant | None = None


class OrgStatus(Strict):
    """How an org is. A part that the caller's right does not cover is null; of machines and stopped users, it counts
    those that the right reaches. `plans` are the newest, `skills` how many wait for a review, `overlays` what was
    done by hand and holds, `violations` those of the last day, `reconcilers` who keeps it equal to git."""

    org: str
    version: str
    at: Instant
    revision: PresentRevision | None = None
    plans: tuple[WaitingPlan, ...] | None = None
    skills: int | None = None
    overlays: tuple[OverlayView, ...] | None = None
    fleet: FleetCounts
    versions: VersionCounts
    suspended: int = 0
    violations: tuple[Violation, ...] | None = None
    reconcilers: tuple[ReconcilerView, ...] | None = None
    log: LogState | None = None
