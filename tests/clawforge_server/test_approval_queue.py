"""Machines that wait: what their credential is good for, who lets them in, and how long they may wait."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from server_process import company, resource

PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("User", "bob", email="bob@acme.example"),
    resource("Role", "door", permissions=["instances:approve", "tokens:create"]),
    resource("Group", "ops", members={"users": ["bob"]}),
    resource("RoleBinding", "door", role="door", subjects={"users": ["ann", "dev"]}),
    resource("RoleBinding", "narrow", role="door", subjects={"users": ["bob"]}, scope={"groups": ["ops"]}),
]
QUEUE = "/v1/orgs/acme/instances?state=pending"


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company(*PEOPLE))


@pytest.fixture
def waiting(api: Any) -> dict[str, Any]:
    enrolled: dict[str, Any] = api.enroll(requireApproval=True)
    return enrolled


def review(api: Any, instance: str, what: str = "approvals", *, user: str = "ann", **body: Any) -> Any:
    token = api.session(f"user:{user}")["accessToken"]
    return api.post(f"/v1/orgs/acme/instances/{instance}/{what}", json=body, token=token)


def poll(api: Any, instance: dict[str, Any]) -> Any:
    return api.get("/v1/agent/policy", token=instance["credential"])


def test_who_waits_gets_nothing(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    assert waiting["state"] == "pending"
    credential = waiting["credential"]
    problem(poll(api, waiting), 403, "enrolment-pending")
    problem(api.post("/v1/agent/heartbeat", json={}, token=credential), 403, "enrolment-pending")
    problem(api.post("/v1/agent/credential", token=credential), 403, "enrolment-pending")
    problem(api.post("/v1/agent/audit", json={"events": []}, token=credential), 403, "enrolment-pending")
    (queued,) = api.get(QUEUE).json()["instances"]
    assert (queued["instance"], queued["state"], queued["pendingUntil"]) == (
        waiting["instance"],
        "pending",
        "2026-11-27T12:00:00Z",
    )
    assert api.audit()[-1]["after"]["state"] == "pending"


def test_an_approval_lets_in(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    answer = review(api, waiting["instance"], reason="seen on the desk")
    assert (answer.status_code, answer.json()["state"], answer.json()["approvedBy"]) == (200, "active", "user:ann")
    last = api.audit()[-1]
    assert (last["actor"], last["action"], last["target"]) == (
        "user:ann",
        "instances:approve",
        f"instance/{waiting['instance']}",
    )
    assert (last["before"], last["after"], last["detail"]["reason"]) == (
        {"state": "pending"},
        {"state": "active"},
        "seen on the desk",
    )
    assert poll(api, waiting).status_code == 200
    assert api.get(QUEUE).json()["instances"] == []
    problem(review(api, waiting["instance"]), 404, "unknown-instance")


def test_a_rejection_is_for_good(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    answer = review(api, waiting["instance"], "rejections", reason="not ours")
    assert (answer.json()["state"], answer.json()["reason"]) == ("rejected", "not ours")
    problem(poll(api, waiting), 401, "enrolment-rejected")
    for what in ("approvals", "rejections"):
        problem(review(api, waiting["instance"], what), 404, "unknown-instance")
    assert [item["after"] for item in api.audit() if item["action"] == "instances:reject"] == [{"state": "rejected"}]


def test_who_is_revoked_while_waiting_stays_out(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    assert api.delete(f"/v1/orgs/acme/instances/{waiting['instance']}?reason=lost").status_code == 204
    problem(poll(api, waiting), 401, "enrolment-rejected")
    problem(review(api, waiting["instance"]), 404, "unknown-instance")


def test_who_waits_too_long_is_out(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    api.clock.move(days=7, seconds=-1)
    problem(poll(api, waiting), 403, "enrolment-pending")
    api.clock.move(seconds=1)
    problem(poll(api, waiting), 401, "enrolment-expired")
    problem(review(api, waiting["instance"]), 404, "unknown-instance")
    assert api.get("/v1/orgs/acme/instances?state=expired").json()["instances"][0]["state"] == "expired"


def test_nobody_lets_their_own_machine_in(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    dev = api.session("user:dev")["accessToken"]
    key = api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["instances:approve"]}, token=dev).json()
    path = f"/v1/orgs/acme/instances/{waiting['instance']}/approvals"
    for token in (dev, key["token"]):
        problem(api.post(path, json={}, token=token), 403, "own-instance")
    refused = api.audit()[-1]
    assert (refused["actor"], refused["action"], refused["outcome"]) == ("user:dev", "instances:approve", "refused")
    assert review(api, waiting["instance"]).status_code == 200


def test_a_program_turns_away_but_lets_nobody_in(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    api.apply(company(*PEOPLE, resource("ServiceAccount", "ci", permissions=["instances:approve"])))
    body = {"name": "k", "permissions": ["instances:approve"], "serviceAccount": "ci"}
    key = api.post("/v1/orgs/acme/tokens", json=body).json()["token"]
    path = f"/v1/orgs/acme/instances/{waiting['instance']}"
    problem(api.post(f"{path}/approvals", json={}, token=key), 403, "not-a-person")
    assert api.post(f"{path}/rejections", json={}, token=key).json()["state"] == "rejected"


def test_a_right_over_groups_reaches_their_machines_only(api: Any, waiting: dict[str, Any], problem: Any) -> None:
    problem(review(api, waiting["instance"], user="bob"), 403, "outside-scope")
    problem(review(api, "nobody", user="bob"), 403, "outside-scope")
    theirs = api.enroll(groups=["ops"], requireApproval=True)
    assert review(api, theirs["instance"], user="bob").status_code == 200


def test_an_approval_counts_once_when_two_decide_at_once(api: Any, waiting: dict[str, Any]) -> None:
    ann = api.session("user:ann")["accessToken"]

    async def both() -> list[int]:
        async with api.client(ann) as client:
            base = f"/v1/orgs/acme/instances/{waiting['instance']}"
            calls = [client.post(f"{base}/{what}", json={}) for what in ("approvals", "rejections")]
            return sorted(answer.status_code for answer in await asyncio.gather(*calls))

    assert api.run(both()) == [200, 404]


def test_an_unknown_state_is_refused(api: Any, problem: Any) -> None:
    problem(api.get("/v1/orgs/acme/instances?state=lost"), 400, "bad-parameter")
    problem(api.delete("/v1/orgs/acme/instances/x?reason="), 422, "invalid-request")
