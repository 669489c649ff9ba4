"""Conditions from cycle to cycle: since when they hold, and what failing steps leave alone."""

from __future__ import annotations

import datetime as dt

from clawforge.reconcile.condition import MOST_MESSAGE, ConditionType
from clawforge.reconcile.conditions import Conditions
from clawforge.reconcile.step_error import StepError

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(minutes=1)


def test_since_moves_only_with_the_status() -> None:
    first = Conditions.unknown(NOON).passed(ConditionType.FETCHED, "one", NOON)
    again = first.passed(ConditionType.FETCHED, "two", LATER)
    assert (again.of(ConditionType.FETCHED).since, again.of(ConditionType.FETCHED).message) == (NOON, "two")
    failed = again.failed(StepError(ConditionType.FETCHED, "no-network", "Down.", waiting=True), LATER)
    assert failed.of(ConditionType.FETCHED).since == LATER


def test_a_failure_leaves_what_was_applied_before() -> None:
    applied = Conditions.unknown(NOON).passed(ConditionType.APPLIED, "in force", NOON).ready("in force", NOON)
    failed = applied.failed(StepError(ConditionType.PLANNED, "lint-errors", "Wrong.", hint="Mend it."), LATER)
    assert failed.of(ConditionType.APPLIED) == applied.of(ConditionType.APPLIED)
    ready, stalled = failed.of(ConditionType.READY), failed.of(ConditionType.STALLED)
    assert (ready.status, ready.reason, ready.message) == ("false", "LintErrors", "Wrong. Mend it.")
    assert stalled.status == "true"
    assert failed.ready("again", LATER).of(ConditionType.STALLED).status == "false"


def test_what_cannot_be_shown_is_not_kept() -> None:
    hostile = "\x1b[2J\u202eevil" + "x" * 5_000
    found = Conditions.unknown(NOON).passed(ConditionType.PLANNED, hostile, NOON).of(ConditionType.PLANNED).message
    assert "\x1b" not in found
    assert "\u202e" not in found
    assert len(found) <= MOST_MESSAGE
