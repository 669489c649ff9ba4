"""The calls of the control plane with which plans are reviewed."""

from __future__ import annotations

from clawforge.plan import Plan
from clawforge.wire_identity import JudgementRequest
from clawforge_cli.identity_client import IdentityClient


class ReviewClient(IdentityClient):
    """Calls one org of one control plane."""

    def plan(self, plan_id: str) -> Plan:
        """A plan as it was answered, with what reviewers said since."""
        return self._call(Plan, "GET", self._path("plans", plan_id))

    def judge(self, plan_id: str, digest: str, reason: str | None, *, reject: bool) -> Plan:
        """Approve or reject the change of this digest."""
        request = JudgementRequest(digest=digest, reason=reason)
        return self._call(Plan, "POST", self._path("plans", plan_id, "rejections" if reject else "approvals"), request)
