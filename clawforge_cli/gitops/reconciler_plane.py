"""One reconciler at a real control plane. The credential is read anew for each call, so that it can be replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.wire import ApplyTerms
from clawforge.wire_reconcile import LeaseRequest, ReconcilerLease, ReconcilerReport
from clawforge_cli.drift_client import DriftClient
from clawforge_cli.gitops.overwriting import addresses_of
from clawforge_cli.history_client import HistoryClient
from clawforge_cli.reconcile_client import ReconcileClient
from clawforge_cli.review_client import ReviewClient

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge.reconcile.fence import Fence
    from clawforge.wire import ApplyResult, PlanRequest
    from clawforge.wire_drift import FleetDrift
    from clawforge_cli.manifest import Manifest
    from clawforge_cli.settings import Connection


@dataclass(frozen=True, slots=True)
class ReconcilerPlane:
    """Calls one org. `place` is what is asked for with every lease."""

    connect: Callable[[], Connection]
    org: str
    name: str
    place: LeaseRequest

    def hold(self, fence: int | None) -> ReconcilerLease:
        """Take the lease, or keep it."""
        return self._client().lease(self.name, self.place.model_copy(update={"fence": fence}))

    def release(self, fence: int) -> None:
        """Give the lease back."""
        self._client().release(self.name, fence)

    def report(self, report: ReconcilerReport) -> None:
        """Say how the cycle went."""
        self._client().report(self.name, report)

    def create_plan(self, manifest: Manifest, request: PlanRequest) -> Plan:
        """The plan of a commit."""
        return self._client().create_plan(manifest, request)

    def plan(self, plan_id: str) -> Plan:
        """A plan as it is kept, with what reviewers said since."""
        return ReviewClient(self.connect(), self.org).plan(plan_id)

    def apply(self, plan: Plan, fence: Fence, *, allow_deletions: int | None) -> ApplyResult:
        """Carry out a plan under the lease."""
        return self._client().apply_plan(plan, ApplyTerms(fence=fence, allow_deletions=allow_deletions))

    def changed(self, before: int, after: int) -> frozenset[str]:
        """Addresses at which one revision has something else than another."""
        found = HistoryClient(self.connect(), self.org).diff(str(before), str(after))
        return addresses_of(found.changes)

    def fleet(self) -> FleetDrift:
        """What agents enforce; counts alone."""
        return DriftClient(self.connect(), self.org).drift(0)

    def _client(self) -> ReconcileClient:
        return ReconcileClient(self.connect(), self.org)
