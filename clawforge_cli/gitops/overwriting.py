"""What an apply would overwrite that somebody changed past git, also where it is of a newer commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clawforge.plan import Change, Plan
    from clawforge.wire_reconcile import LastApplied
    from clawforge_cli.gitops.ports import ControlPlanePort


def addresses_of(changes: Iterable[Change]) -> frozenset[str]:
    """Every address that changes are about, those from before a renaming too."""
    return frozenset(address for change in changes for address in (change.address, change.previous) if address)


def overwritten(plane: ControlPlanePort, plan: Plan, head: str, last: LastApplied | None) -> tuple[str, ...]:
    """Addresses that others changed since the last apply and that the plan changes too; empty where nothing was applied
    yet.

    If the plan is of the commit that was applied last, all of it is their doing. What somebody changed and then brought
    into git is in no plan any more. Raises the errors of the control plane.
    """
    if last is None or plan.is_empty:
        return ()
    if last.commit == head:
        return tuple(change.address for change in plan.changes)
    if plan.base.revision <= last.revision:
        return ()
    theirs = plane.changed(last.revision, plan.base.revision)
    return tuple(change.address for change in plan.changes if not theirs.isdisjoint(addresses_of((change,))))
