"""What an author found with recorded calls is kept with the plan, word for word, and decides nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from audit_world import company

REPLAY: dict[str, Any] = {
    "source": "calls.ndjson",
    "since": "2026-11-13T00:00:00Z",
    "until": "2026-11-20T00:00:00Z",
    "compared": True,
    "calls": 10,
    "replayed": 9,
    "unrecorded": 1,
    "unaffected": 0,
    "blocked": {"calls": 9, "people": 1, "names": ["dev"]},
    "asked": {"calls": 0, "people": 0, "names": []},
    "loosened": {"calls": 0, "people": 0, "names": []},
    "transitions": [{"before": "allow", "after": "deny", "calls": 9}],
    "recorded": [],
    "reasons": [
        {
            "turn": "blocked",
            "effect": "deny",
            "code": "tool-denied",
            "resource": "Policy/default",
            "path": "/spec/tools/deny/0",
            "position": {"file": "p.yaml", "line": 3},
            "calls": 9,
        }
    ],
    "furtherReasons": 0,
    "samples": [],
    "skipped": [{"code": "broken-line", "meaning": "is no JSON", "count": 1, "lines": [4]}],
    "doubts": [],
    "gate": {"maxBlocked": "1%", "maxPeople": None, "exceeded": ["9 calls would be blocked, more than 1%."]},
}


def propose(api: Any, replay: Any) -> Any:
    body = {"source": "security", "resources": company(), "replay": replay}
    return api.post("/v1/orgs/acme/plans", json=body)


def test_it_is_kept_word_for_word_and_applied_with_the_plan(api: Any) -> None:
    """Even a gate that was exceeded is no business of the server: it cannot know whether any of it is true."""
    answer = propose(api, REPLAY)
    assert answer.status_code == 201, answer.text
    plan = answer.json()
    assert plan["replay"] == REPLAY
    assert api.get(f"/v1/orgs/acme/plans/{plan['id']}").json()["replay"] == REPLAY
    assert api.send_apply(plan).status_code == 200


def test_a_plan_without_one_has_no_such_member(api: Any) -> None:
    assert "replay" not in propose(api, None).json()


def test_it_is_a_part_of_what_was_reviewed(api: Any, problem: Any) -> None:
    plan = propose(api, REPLAY).json()
    for edit in ({"calls": 11}, None):
        edited = copy.deepcopy(plan)
        edited["replay"] = None if edit is None else {**REPLAY, **edit}
        problem(api.send_apply(edited), 409, "plan-edited")


@pytest.mark.parametrize(
    "change",
    [
        {"source": "x" * 1_025},
        {"calls": -1},
        {"calls": 2**53},
        {"calls": 1.5},
        {"extra": 1},
        {"blocked": {"calls": 1, "people": 1, "names": ["x"] * 21}},
        {"blocked": {"calls": 1, "people": 1, "names": ["x" * 257]}},
        {"reasons": REPLAY["reasons"] * 11},
        {"reasons": [{**REPLAY["reasons"][0], "position": {"file": "x" * 4_097, "line": 1}}]},
        {"skipped": REPLAY["skipped"] * 33},
        {"skipped": [{**REPLAY["skipped"][0], "lines": [1] * 6}]},
        {"gate": {"maxBlocked": "many", "exceeded": []}},
        {"gate": {"exceeded": ["x"] * 4}},
    ],
)
def test_what_is_no_small_report_is_refused(api: Any, problem: Any, change: dict[str, Any]) -> None:
    problem(propose(api, {**REPLAY, **change}), 422, "invalid-request")
