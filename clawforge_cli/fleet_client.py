"""The calls of the control plane about machines: enrolment tokens, instances, and letting them in and out."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.wire_bulk import BulkAnswer, BulkMessage, BulkRefresh, BulkRevocation, BulkTags
from clawforge.wire_enrollment import (
    EnrollmentList,
    InstanceDetail,
    InstanceList,
    InstanceState,
    InstanceView,
    ReleaseRequest,
    ReviewRequest,
)
from clawforge_cli.identity_client import IdentityClient


class FleetClient(IdentityClient):
    """Calls one org of one control plane."""

    def enrollments(self) -> EnrollmentList:
        """Enrolment tokens, oldest first."""
        return self._call(EnrollmentList, "GET", self._path("enrollments"))

    def revoke_enrollment(self, enrollment: str) -> None:
        """Take an enrolment token back."""
        self._send("DELETE", self._path("enrollments", enrollment), None)

    def instances(self, state: InstanceState | None = None, select: Sequence[str] = ()) -> InstanceList:
        """Machines, by name; those in one state, or those that fit a selector."""
        query: dict[str, str | list[str]] = {"select": list(select)}
        return self._call(
            InstanceList,
            "GET",
            self._path("instances"),
            query=query if state is None else {**query, "state": state},
        )

    def instance(self, instance: str) -> InstanceDetail:
        """Everything about one machine."""
        return self._call(InstanceDetail, "GET", self._path("instances", instance))

    def revoke_instances(self, request: BulkRevocation) -> BulkAnswer:
        """Put machines out, each by itself."""
        return self._call(BulkAnswer, "POST", self._path("fleet", "revocations"), request)

    def message_instances(self, request: BulkMessage) -> BulkAnswer:
        """Have machines tell their people something."""
        return self._call(BulkAnswer, "POST", self._path("fleet", "messages"), request)

    def tag_instances(self, request: BulkTags) -> BulkAnswer:
        """Give machines other tags."""
        return self._call(BulkAnswer, "POST", self._path("fleet", "tags"), request)

    def refresh_instances(self, request: BulkRefresh) -> BulkAnswer:
        """Have machines ask now."""
        return self._call(BulkAnswer, "POST", self._path("fleet", "refreshes"), request)

    def revoke_instance(self, instance: str, reason: str) -> None:
        """Put a machine out at once."""
        self._send("DELETE", self._path("instances", instance), None, query={"reason": reason})

    def approve(self, instance: str, reason: str | None) -> InstanceView:
        """Let a machine in that waits for it."""
        return self._call(
            InstanceView, "POST", self._path("instances", instance, "approvals"), ReviewRequest(reason=reason)
        )

    def reject(self, instance: str, reason: str | None) -> InstanceView:
        """Turn a machine away that waits to be let in."""
        return self._call(
            InstanceView, "POST", self._path("instances", instance, "rejections"), ReviewRequest(reason=reason)
        )

    def release(self, instance: str, reason: str) -> InstanceView:
        """Let a machine out of its quarantine."""
        return self._call(
            InstanceView, "POST", self._path("instances", instance, "releases"), ReleaseRequest(reason=reason)
        )
