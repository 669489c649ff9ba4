"""The calls of the control plane about rollouts."""

from __future__ import annotations

from clawforge.errors import ConflictError
from clawforge.wire_rollouts import RolloutAction, RolloutAnswer, RolloutOrder
from clawforge_cli.identity_client import IdentityClient


class RolloutClient(IdentityClient):
    """Calls one org of one control plane."""

    def rollout(self) -> RolloutAnswer:
        """The newest rollout."""
        return self._call(RolloutAnswer, "GET", self._path("rollout"))

    def order(self, action: RolloutAction, reason: str) -> RolloutAnswer:
        """Do this about the open rollout. Raises ConflictError if there is none."""
        found = self.rollout().rollout
        if found is None or found.state not in ("baking", "halted"):
            raise ConflictError(
                "No rollout is open.", hint="`clawforge rollout status` shows the newest one.", code="no-rollout"
            )
        wanted = RolloutOrder(action=action, revision=found.revision, reason=reason)
        return self._call(RolloutAnswer, "POST", self._path("rollout"), wanted)
