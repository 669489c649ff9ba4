"""How a reconciler stands, in one word, and the condition that says why."""

from __future__ import annotations

from enum import StrEnum

from clawforge.reconcile.condition import Condition, ConditionType, condition_of
from clawforge.wire_reconcile import ReconcilerView


class Standing(StrEnum):
    """The first that fits: stopped by a person, in need of one, its process gone, in order, trying again by itself, or
    not heard of yet."""

    SUSPENDED = "suspended"
    STALLED = "stalled"
    GONE = "gone"
    READY = "ready"
    WAITING = "waiting"
    STARTING = "starting"


def standing_of(view: ReconcilerView) -> Standing:
    """A reconciler that gave its lease back, as one that runs once does, stands as it reported last."""
    if view.suspension is not None:
        return Standing.SUSPENDED
    if _is_true(view, ConditionType.STALLED):
        return Standing.STALLED
    if view.holder is not None and not view.held:
        return Standing.GONE
    ready = condition_of(view.conditions, ConditionType.READY)
    if ready is None or ready.status == "unknown":
        return Standing.STARTING
    return Standing.READY if ready.status == "true" else Standing.WAITING


def decisive_condition(view: ReconcilerView) -> Condition | None:
    """What stands in the way: `Stalled` where that holds, else the first step that did not succeed; None for nothing.
    A step that only waits for one before it is not named."""
    stalled = condition_of(view.conditions, ConditionType.STALLED)
    if stalled is not None and stalled.status == "true":
        return stalled
    found = (condition_of(view.conditions, kind) for kind in ConditionType if kind is not ConditionType.STALLED)
    failed = [item for item in found if item is not None and item.status == "false"]
    steps = [item for item in failed if item.type is not ConditionType.READY]
    return next(iter(steps or failed), None)


def _is_true(view: ReconcilerView, kind: ConditionType) -> bool:
    found = condition_of(view.conditions, kind)
    return found is not None and found.status == "true"
