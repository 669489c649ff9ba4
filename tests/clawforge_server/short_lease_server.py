"""The server with leases of reconcilers that last three seconds: whoever does not keep one loses it soon."""

from __future__ import annotations

import sys

from clawforge_server import control_plane
from clawforge_server.__main__ import main
from clawforge_server.clock import Clock
from clawforge_server.state.reconciler_leases import ReconcilerLeases

TERM = 3


def short(clock: Clock, _seconds: int) -> ReconcilerLeases:
    """Leases of one short term."""
    return ReconcilerLeases(clock, TERM)


if __name__ == "__main__":
    control_plane.ReconcilerLeases = short  # type: ignore[assignment, misc]
    sys.exit(main())
