"""Whether the machines enforce what was applied."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clawforge.errors import ClawforgeError
from clawforge.reconcile.condition import ConditionType

if TYPE_CHECKING:
    from clawforge.reconcile.conditions import Conditions
    from clawforge.wire_drift import FleetDrift
    from clawforge_cli.gitops.ports import ControlPlanePort

_KIND = ConditionType.FLEET_IN_SYNC


def fleet_condition(
    plane: ControlPlanePort, conditions: Conditions, now: dt.datetime
) -> tuple[FleetDrift | None, Conditions]:
    """What the fleet is like now, and the conditions with it. Nobody waits for machines: a later cycle looks again.
    A control plane that does not say leaves it unknown."""
    try:
        found = plane.fleet()
    except ClawforgeError as error:
        return None, conditions.said(_KIND, "unknown", "NotKnown", f"{error.message} {error.hint}".strip(), now)
    counts, by_hand = found.counts, _by_hand(found.exception_count)
    if counts.total == 0:
        return found, conditions.said(_KIND, "true", "NoMachines", f"No machine has joined.{by_hand}", now)
    if counts.differing == 0:
        words = f"Every machine enforces revision {found.revision}.{by_hand}"
        return found, conditions.said(_KIND, "true", "InForce", words, now)
    parts = [(counts.behind, "behind"), (counts.offline, "offline"), (counts.unacknowledged, "unacknowledged")]
    shown = ", ".join(f"{count} {word}" for count, word in parts if count)
    words = f"Of {counts.total} machines some do not enforce revision {found.revision} yet: {shown}.{by_hand}"
    return found, conditions.said(_KIND, "false", "Progressing", words, now)


def _by_hand(count: int) -> str:
    if count == 0:
        return ""
    return (
        f" {'One thing' if count == 1 else f'{count} things'} done by hand {'is' if count == 1 else 'are'} left alone."
    )
