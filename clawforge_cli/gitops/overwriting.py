"""What an apply would overwrite that somebody changed past git, also where it is of a newer commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.step_error import StepError

if TYPE_CHECKING:
    from clawforge.plan import Change, Plan
    from clawforge.wire_reconcile import LastApplied
    from clawforge_cli.gitops.ports import ControlPlanePort


_MOST_NAMED = 5


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


def refuse_overwriting(drift: tuple[str, ...], name: str, head: str) -> None:
    """Raise StepError if anything would be overwritten. `name` is that of the reconciler."""
    if not drift:
        return
    raise StepError(
        ConditionType.APPLIED,
        "out-of-band-edit",
        f"What is in force was changed past git: {some_of(drift)}.",
        hint="Bring the change into git, or undo it; a ChangePolicy says that it is only reported. "
        f"`clawforge reconcilers acknowledge {name} {head}` lets the files win once.",
    )


def some_of(addresses: tuple[str, ...]) -> str:
    """The first ones, and how many more there are."""
    more = len(addresses) - _MOST_NAMED
    return ", ".join(addresses[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
