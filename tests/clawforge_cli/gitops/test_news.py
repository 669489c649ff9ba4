"""What people are told of cycles: each thing once, and in the end what became of every commit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.conditions import Conditions
from clawforge.reconcile.notice import CommitState, Notice
from clawforge.reconcile.step_error import StepError
from clawforge.wire_drift import AgentCounts, FleetDrift
from clawforge.wire_reconcile import LastApplied
from clawforge.wire_rollouts import OpenRollout
from clawforge_cli.gitops.cycle import CycleResult
from clawforge_cli.gitops.news import News

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
A, B = "a" * 40, "b" * 40
UNKNOWN = Conditions.unknown(NOON)
READY = UNKNOWN.ready("In force.", NOON)
IN_FORCE = READY.said(ConditionType.FLEET_IN_SYNC, "true", "InForce", "Every machine enforces it.", NOON)
DRIFT = ("Policy/a", "Policy/b")


def good(seen: str = A, *, conditions: Conditions = READY, **more: Any) -> CycleResult:
    return CycleResult(conditions, seen, LastApplied(commit=seen, revision=3), **more)


def bad(code: str, *, seen: str | None = A, last: str = A, waiting: bool = False, **more: Any) -> CycleResult:
    step = more.pop("step", ConditionType.APPLIED)
    error = StepError(step, code, f"It is {code}.", waiting=waiting)
    return CycleResult(UNKNOWN.failed(error, NOON), seen, LastApplied(commit=last, revision=3), error=error, **more)


def fleet(state: str | None, commit: str = A) -> FleetDrift:
    rollout = None if state is None else OpenRollout(revision=3, held=2, state=state, ring="canary", reason="Too many")
    return FleetDrift(org="acme", revision=3, commit=commit, counts=AgentCounts(), rollout=rollout)


def told(*results: CycleResult) -> list[list[Notice]]:
    """The notices of cycles, one after the other."""
    news, before, found = News("acme", "prod", "http://127.0.0.1"), UNKNOWN, []
    for result in results:
        found.append(list(news.of(before, result, NOON)))
        before = result.conditions
    return found


APPLIED = good(applied_now=3)
IDLE = good(idle=True)
UNTRUSTED = {"step": ConditionType.VERIFIED}
UNREACHABLE = {"step": ConditionType.FETCHED, "waiting": True}


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([IDLE, IDLE], ["", ""]),
        ([APPLIED, IDLE], ["commit.seen commit.applied", ""]),
        ([IDLE, good(B), good(B, idle=True)], ["", "commit.seen commit.in-sync", ""]),
        ([good(), IDLE], ["commit.seen commit.in-sync", ""]),
        (
            [bad("approval-missing", waiting=True), bad("approval-missing", waiting=True), APPLIED],
            ["commit.seen commit.waiting", "", "source.recovered commit.applied"],
        ),
        ([IDLE, bad("findings", seen=B), bad("findings", seen=B)], ["", "commit.seen commit.refused", ""]),
        ([IDLE, bad("findings"), IDLE], ["", "commit.refused", "source.recovered commit.in-sync"]),
        ([IDLE, bad("unsigned-commit", seen=B, **UNTRUSTED)], ["", "commit.seen source.untrusted"]),
        (
            [IDLE, bad("fetch-failed", **UNREACHABLE), bad("fetch-failed", **UNREACHABLE), IDLE],
            ["", "source.failed", "", "source.recovered"],
        ),
        ([IDLE, bad("defect", step=ConditionType.READY, waiting=True)], ["", "source.failed"]),
        (
            [IDLE, bad("suspended", step=ConditionType.READY, waiting=True), IDLE],
            ["", "source.suspended", "source.recovered"],
        ),
        (
            [IDLE, *[bad("out-of-band-edit", drift=DRIFT)] * 3, IDLE, bad("out-of-band-edit", drift=DRIFT)],
            ["", "drift.found", "", "", "source.recovered", "drift.found"],
        ),
        (
            [IDLE, *[bad("outside-sync-window", waiting=True, drift=DRIFT)] * 2],
            ["", "drift.found commit.waiting", ""],
        ),
        (
            [IDLE, bad("out-of-band-edit", drift=DRIFT), bad("out-of-band-edit", drift=DRIFT[:1])],
            ["", "drift.found", "drift.found"],
        ),
        (
            [IDLE, bad("out-of-band-edit", seen=B, drift=DRIFT), good(B, applied_now=4)],
            ["", "commit.seen drift.found commit.refused", "source.recovered commit.applied"],
        ),
        (
            [IDLE, *[good(applied_now=3, drift=DRIFT, corrected=True)] * 2],
            ["", "drift.corrected commit.applied", "drift.corrected commit.applied"],
        ),
        (
            [good(applied_now=3, conditions=IN_FORCE), good(idle=True, conditions=IN_FORCE)],
            ["commit.seen commit.applied fleet.in-sync", ""],
        ),
        ([APPLIED, good(idle=True, conditions=IN_FORCE)], ["commit.seen commit.applied", "fleet.in-sync"]),
        (
            [APPLIED, *[good(idle=True, fleet=fleet("halted"), conditions=IN_FORCE)] * 2, good(fleet=fleet("baking"))],
            ["commit.seen commit.applied", "rollout.halted", "", "commit.in-sync"],
        ),
    ],
)
def test_each_thing_is_told_once(results: list[CycleResult], expected: list[str]) -> None:
    assert [" ".join(item.kind.value for item in notices) for notices in told(*results)] == expected


@pytest.mark.parametrize(
    "trouble",
    [
        bad("approval-missing", seen=B, waiting=True),
        bad("findings", seen=B),
        bad("unsigned-commit", seen=B, **UNTRUSTED),
        bad("out-of-band-edit", seen=B, drift=DRIFT),
        good(B, fleet=fleet("halted", B)),
    ],
)
@pytest.mark.parametrize("how", [{}, {"applied_now": 4}, {"idle": True}])
def test_no_commit_stays_pending_or_failed_once_it_is_in_force(trouble: CycleResult, how: dict[str, Any]) -> None:
    notices = [item for each in told(IDLE, trouble, good(B, fleet=fleet(None, B), **how)) for item in each]
    shown = [item.commit_state for item in notices if item.commit_state]
    assert shown[-1] is CommitState.SUCCESS
    assert {item.commit for item in notices} == {B}


def test_a_rollout_of_another_source_says_nothing_of_the_commit() -> None:
    ((notice,),) = told(good(idle=True, fleet=fleet("halted", B)))
    assert (notice.kind.value, notice.commit, notice.text) == ("rollout.halted", None, "Too many")
    ((own,),) = told(good(idle=True, fleet=fleet("halted")))
    assert own.commit_state is CommitState.FAILURE
