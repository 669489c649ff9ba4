"""The call of the control plane about what agents enforce."""

from __future__ import annotations

from clawforge.wire_drift import FleetDrift
from clawforge_cli.asking_client import AskingClient


class DriftClient(AskingClient):
    """Calls one org of one control plane."""

    def drift(self, limit: int) -> FleetDrift:
        """Counts of agents, and the first that differ."""
        return self._call(FleetDrift, "GET", self._path("drift"), query={"limit": str(limit)})
