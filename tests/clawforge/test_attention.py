"""What of a status needs a person, and what does not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from clawforge.attention import concerns
from clawforge.reconcile.condition import ConditionType
from clawforge.wire_status import OrgStatus

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def status(**more: Any) -> OrgStatus:
    whole = {"org": "acme", "version": "1", "at": NOW, "fleet": {}, "versions": {}, **more}
    return OrgStatus.model_validate(whole, by_name=True, by_alias=True)


KILL = {
    "id": "kill-1",
    "kind": "kill",
    "scope": "org",
    "state": "on",
    "reason": "r",
    "created_at": NOW,
    "created_by": "user:ann",
}
PLAN = {"id": "plan-x", "author": "user:ann", "created_at": NOW, "missing": ("rbac",)}
VIOLATION = {"at": NOW, "invariant": "Invariant/x", "why": "w"}


def reconciler(**more: Any) -> dict[str, Any]:
    whole = {"name": "main", "source": "s", "repository": "r", "held": True, "holder": "h", "principal": "p"}
    return {**whole, "fence": 1, **more}


def condition(kind: str, status: str) -> dict[str, Any]:
    return {"type": ConditionType(kind), "status": status, "reason": "NotSigned", "since": NOW}


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, []),
        ({"reconcilers": (reconciler(),)}, []),
        ({"reconcilers": (reconciler(holder=None, held=False),)}, []),
        ({"reconcilers": (reconciler(conditions=(condition("Ready", "false"),)),)}, []),
        ({"reconcilers": (reconciler(held=False),)}, ["reconciler-gone: no process runs the reconciler main"]),
        (
            {"reconcilers": (reconciler(conditions=(condition("Stalled", "true"),)),)},
            ["reconciler-stalled: the reconciler main is stalled: NotSigned"],
        ),
        (
            {"reconcilers": (reconciler(suspension={"reason": "r", "by": "user:ann", "at": NOW}),)},
            ["reconciler-suspended: the reconciler main is suspended"],
        ),
        ({"fleet": {"total": 9, "stale": 1, "offline": 2, "never": 3, "enforcing": 3}}, []),
        ({"versions": {"total": 3, "in_grace": 1, "warned": 1, "unknown": 1}}, []),
        ({"suspended": 2}, []),
        ({"plans": ()}, []),
        ({"versions": {"blocked": 1}}, ["versions-blocked: 1 machine is blocked for the versions they run"]),
        ({"fleet": {"quarantined": 2}}, ["quarantine: 2 machines are in quarantine"]),
        ({"fleet": {"pending": 1_000}}, ["machine-waits: 1,000 machines wait to be let in"]),
        ({"fleet": {"crashing": 1}}, ["crash-loop: 1 machine is in a crash loop"]),
        ({"skills": 3}, ["skill-waits: 3 skills wait for a review"]),
        ({"overlays": (KILL,)}, ["kill-on: 1 kill switch is on, org"]),
        ({"overlays": (KILL, KILL)}, ["kill-on: 2 kill switches are on, org"]),
        ({"plans": (PLAN,)}, ["plan-waits: 1 plan waits for an approval"]),
        ({"violations": (VIOLATION,)}, ["violation: an invariant was violated once within the last day"]),
        ({"violations": (VIOLATION,) * 2}, ["violation: an invariant was violated 2 times within the last day"]),
    ],
)
def test_concerns(more: dict[str, Any], found: list[str]) -> None:
    assert [f"{item.code}: {item.words}" for item in concerns(status(**more))] == found


def test_the_most_urgent_comes_first() -> None:
    open_ = concerns(status(plans=(PLAN,), fleet={"quarantined": 1}, versions={"blocked": 1}))
    assert [item.code for item in open_] == ["quarantine", "versions-blocked", "plan-waits"]
    assert open_[-1].command == "clawforge show plan-x"
