"""How a reconciler stands, from its conditions."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from clawforge.reconcile.condition import Condition, ConditionType, condition_of, is_same_news
from clawforge.reconcile.standing import Standing, decisive_condition, standing_of
from clawforge.wire_reconcile import ReconcilerSuspension, ReconcilerView

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
STOP = ReconcilerSuspension(reason="incident 7", by="user:ann", at=NOON)


def condition(kind: ConditionType, status: Any, reason: str = "Because", message: str = "") -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message, since=NOON)


def view(*conditions: Condition, **more: Any) -> ReconcilerView:
    whole = {"name": "main", "source": "s", "repository": "r", "held": True, "holder": "h", "principal": "p"}
    return ReconcilerView(**{**whole, "fence": 1, **more}, conditions=conditions)


READY = condition(ConditionType.READY, "true")
WAITS = condition(ConditionType.READY, "false", "Waiting")
STALLED = condition(ConditionType.STALLED, "true", "CommitNotSigned")


@pytest.mark.parametrize(
    ("found", "standing"),
    [
        (view(), Standing.STARTING),
        (view(condition(ConditionType.READY, "unknown")), Standing.STARTING),
        (view(READY), Standing.READY),
        (view(READY, condition(ConditionType.STALLED, "false")), Standing.READY),
        (view(WAITS), Standing.WAITING),
        (view(WAITS, STALLED), Standing.STALLED),
        (view(READY, held=False), Standing.GONE),
        (view(READY, held=False, holder=None), Standing.READY),
        (view(READY, STALLED, suspension=STOP, held=False), Standing.SUSPENDED),
    ],
)
def test_standing(found: ReconcilerView, standing: Standing) -> None:
    assert standing_of(found) is standing


def test_the_first_step_that_failed_decides_and_a_stall_before_all() -> None:
    planned, applied = (condition(kind, "false") for kind in (ConditionType.PLANNED, ConditionType.APPLIED))
    fetched = condition(ConditionType.FETCHED, "true")
    assert decisive_condition(view(WAITS, applied, fetched, planned)) == planned
    assert decisive_condition(view(WAITS, planned, STALLED)) == STALLED
    assert decisive_condition(view(WAITS, fetched)) == WAITS
    assert decisive_condition(view(READY, condition(ConditionType.APPLIED, "unknown"))) is None


def test_when_a_condition_began_is_no_news() -> None:
    later = READY.model_copy(update={"since": NOON + dt.timedelta(hours=1)})
    assert is_same_news((READY, STALLED), (STALLED, later))
    assert not is_same_news((READY,), (WAITS,))
    assert not is_same_news((READY,), (READY.model_copy(update={"message": "x"}),))
    assert condition_of((READY, STALLED), ConditionType.STALLED) == STALLED
    assert condition_of((READY,), ConditionType.STALLED) is None
