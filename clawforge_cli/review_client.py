"""The calls of the control plane with which plans are reviewed."""

from __future__ import annotations

import datetime as dt

from clawforge.plan import Plan
from clawforge.wire_identity import JudgementRequest
from clawforge_cli.identity_client import IdentityClient


class ReviewClient(IdentityClient):
    """Calls one org of one control plane."""

    def plan(self, plan_id: str) -> Plan:
        """A plan as it was answered, with what reviewers said since."""
        return self._call(Plan, "GET", self._path("plans", plan_id))

    def trusted_keys(self, now: dt.datetime) -> dict[str, bytes]:
        """The public keys, by id, that the org's root key vouches for. Raises UntrustedError."""
        from clawforge.dsse import read_envelope
        from clawforge.keys import decode_public_key, verify_key_set
        from clawforge.wire import KeysAnswer

        answer = self._call(KeysAnswer, "GET", self._path("keys"))
        key_set = verify_key_set(read_envelope(answer.keys), decode_public_key(answer.root_key), org=self.org, now=now)
        return key_set.trusted

    def judge(self, plan_id: str, digest: str, reason: str | None, *, reject: bool) -> Plan:
        """Approve or reject the change of this digest."""
        request = JudgementRequest(digest=digest, reason=reason)
        return self._call(Plan, "POST", self._path("plans", plan_id, "rejections" if reject else "approvals"), request)
