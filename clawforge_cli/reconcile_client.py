"""The calls of the control plane about reconcilers: those of whoever runs one, and those of people."""

from __future__ import annotations

from clawforge.wire_reconcile import (
    AcknowledgementRequest,
    LeaseRequest,
    ReconcilerLease,
    ReconcilerList,
    ReconcilerReport,
    ReconcilerSuspensionRequest,
    ReconcilerView,
)
from clawforge_cli.identity_client import IdentityClient


class ReconcileClient(IdentityClient):
    """Calls one org of one control plane."""

    def lease(self, name: str, request: LeaseRequest) -> ReconcilerLease:
        """Take the lease, or keep it. Raises ConflictError `lease-held` while somebody else has it.

        It lasts its seconds from when this was called, not from when it returns.
        """
        return self._call(ReconcilerLease, "POST", self._path("reconcilers", name, "lease"), request)

    def release(self, name: str, fence: int) -> ReconcilerView:
        """Give the lease back. Raises ConflictError `lease-lost`."""
        path = self._path("reconcilers", name, "lease")
        return self._call(ReconcilerView, "DELETE", path, query={"fence": str(fence)})

    def report(self, name: str, report: ReconcilerReport) -> ReconcilerView:
        """Say how the last cycle went. Raises ConflictError `lease-lost`."""
        return self._call(ReconcilerView, "PUT", self._path("reconcilers", name, "status"), report)

    def reconcilers(self) -> ReconcilerList:
        """Every reconciler of the org."""
        return self._call(ReconcilerList, "GET", self._path("reconcilers"))

    def stop(self, name: str, reason: str) -> ReconcilerView:
        """Have a reconciler apply nothing any more."""
        return self._steer(name, ReconcilerSuspensionRequest(suspended=True, reason=reason))

    def resume(self, name: str, reason: str) -> ReconcilerView:
        """Have a suspended reconciler go on."""
        return self._steer(name, ReconcilerSuspensionRequest(suspended=False, reason=reason))

    def acknowledge(self, name: str, commit: str, reason: str) -> ReconcilerView:
        """Accept that the branch was rewritten, up to exactly this head."""
        request = AcknowledgementRequest(commit=commit, reason=reason)
        return self._call(ReconcilerView, "POST", self._path("reconcilers", name, "acknowledgement"), request)

    def want(self, name: str) -> ReconcilerView:
        """Have a reconciler look at git now."""
        return self._call(ReconcilerView, "POST", self._path("reconcilers", name, "wanted"))

    def forget(self, name: str, reason: str) -> ReconcilerView:
        """Forget a reconciler that nobody runs any more."""
        return self._call(ReconcilerView, "DELETE", self._path("reconcilers", name), query={"reason": reason})

    def _steer(self, name: str, request: ReconcilerSuspensionRequest) -> ReconcilerView:
        return self._call(ReconcilerView, "POST", self._path("reconcilers", name, "suspension"), request)
