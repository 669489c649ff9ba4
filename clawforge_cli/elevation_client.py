"""The calls of the control plane about breaking glass."""

from __future__ import annotations

from clawforge.wire_elevations import ElevationJudgement, ElevationList, ElevationRequest, ElevationView
from clawforge_cli.identity_client import IdentityClient


class ElevationClient(IdentityClient):
    """Calls one org of one control plane."""

    def elevations(self, ended: int = 0) -> ElevationList:
        """What waits or is in force, and some of what ended."""
        return self._call(ElevationList, "GET", self._path("elevations"), query={"ended": str(ended)} if ended else {})

    def request(self, request: ElevationRequest) -> ElevationView:
        """Ask for oneself, or give somebody else a temporary grant."""
        return self._call(ElevationView, "POST", self._path("elevations"), request)

    def judge(self, elevation: str, reason: str | None, *, approve: bool) -> ElevationView:
        """Approve or deny."""
        verb = "approvals" if approve else "rejections"
        return self._call(
            ElevationView, "POST", self._path("elevations", elevation, verb), ElevationJudgement(reason=reason)
        )

    def revoke(self, elevation: str, reason: str) -> ElevationView:
        """End it before its time."""
        return self._call(ElevationView, "DELETE", self._path("elevations", elevation), query={"reason": reason})
