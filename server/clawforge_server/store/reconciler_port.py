"""What the server asks of a store about reconcilers: whose lease it is, and what is known of each; a part of
`store.port`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ReconcilerRecord:
    """A reconciler. The `fence` grows with every lease and never shrinks.

    `holder` is the process that took the lease last, None once it gave the lease back; `principal` is whose credential
    it used. Until when the lease is held is not kept: see `state.reconciler_leases`. `last_commit` and `last_revision`
    are from the last apply under a lease. `seen`, `conditions` (a JSON array) and `message` are from the last report.
    Of one that was forgotten only the fence still means something.
    """

    org: str
    name: str
    source: str
    repository: str
    branch: str
    path: str
    fence: int
    taken_at: dt.datetime
    principal: str
    holder: str | None = None
    last_commit: str | None = None
    last_revision: int | None = None
    suspended_at: dt.datetime | None = None
    suspended_by: str | None = None
    suspended_reason: str | None = None
    wanted: int = 0
    acknowledged: str | None = None
    seen: str | None = None
    conditions: str = "[]"
    message: str = ""
    reported_at: dt.datetime | None = None
    forgotten_at: dt.datetime | None = None


class Reconcilers(Protocol):
    """Reconcilers that ever held a lease."""

    def get(self, org: str, name: str) -> ReconcilerRecord | None:
        """One of the org's."""

    def list(self, org: str) -> tuple[ReconcilerRecord, ...]:
        """By name."""

    def put(self, reconciler: ReconcilerRecord) -> None:
        """Keep a reconciler, in place of what was kept under its name."""
