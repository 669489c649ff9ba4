"""One person is one person, whichever keys, service accounts and sessions they hold: nobody is their own second."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from server_process import company, resource

from clawforge_server.store.records import JudgementRecord

ALONE = ("plans:create", "plans:read", "plans:apply", "plans:approve", "tokens:create", "rbac:escalate")
BASE = [
    *(resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob", "own")),
    resource("Role", "alone", permissions=list(ALONE)),
    resource("RoleBinding", "owners", role="owner", subjects={"users": ["own"]}),
    resource("RoleBinding", "alone", role="alone", subjects={"users": ["ann", "bob"]}),
    resource("ServiceAccount", "ci", permissions=list(ALONE)),
]
WIDER = resource("RoleBinding", "new", role="owner", subjects={"users": ["ann"]})


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company(*BASE))


def as_(api: Any, name: str) -> str:
    return str(api.session(f"user:{name}")["accessToken"])


def robot(api: Any, token: str | None, *permissions: str) -> str:
    body = {"name": "robot", "permissions": list(permissions), "ttl": 3_600, "serviceAccount": "ci"}
    answer = api.post("/v1/orgs/acme/tokens", json=body, token=token)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


def propose(api: Any, token: str) -> dict[str, Any]:
    body = {"source": "policies", "resources": company(*BASE, WIDER), "positions": {}}
    plan: dict[str, Any] = api.post("/v1/orgs/acme/plans", json=body, token=token).json()
    assert plan["approvals"]["needed"][0]["code"] == "rbac-escalation"
    return plan


def approve(api: Any, plan: dict[str, Any], token: str | None, verdict: str = "approvals") -> Any:
    return api.post(f"/v1/orgs/acme/plans/{plan['id']}/{verdict}", json={}, token=token)


def test_nobody_approves_through_a_key_that_they_made_for_a_service_account(api: Any, problem: Any) -> None:
    ann = as_(api, "ann")
    plan = propose(api, ann)
    program = robot(api, ann, "plans:approve")
    problem(approve(api, plan, program), 403, "not-a-person")
    problem(approve(api, plan, program, "rejections"), 403, "own-plan")
    problem(api.send_apply(plan, token=ann), 409, "rbac-escalation")


def test_nobody_proposes_through_their_own_key_and_approves_in_person(api: Any, problem: Any) -> None:
    ann = as_(api, "ann")
    program = robot(api, ann, *ALONE)
    behind = robot(api, program, "plans:create")
    for token in (program, behind):
        plan = propose(api, token)
        body = problem(approve(api, plan, ann), 403, "own-plan")
        assert "user:ann" in body["detail"]
        problem(approve(api, plan, ann, "rejections"), 403, "own-plan")
    assert approve(api, plan, as_(api, "bob")).status_code == 200


def test_nobody_applies_through_their_own_key_what_they_approved(api: Any, problem: Any) -> None:
    ann, bob = as_(api, "ann"), as_(api, "bob")
    plan = propose(api, bob)
    assert approve(api, plan, ann).status_code == 200
    problem(api.send_apply(plan, token=robot(api, ann, "plans:apply", "rbac:escalate")), 409, "rbac-escalation")
    assert api.send_apply(plan, token=robot(api, None, "plans:apply", "rbac:escalate")).status_code == 200


def test_whoever_rotated_a_key_is_behind_it(api: Any, problem: Any) -> None:
    bob, ann = as_(api, "bob"), as_(api, "ann")
    robot(api, bob, "plans:create")
    (made,) = api.get("/v1/orgs/acme/tokens").json()["tokens"]
    new = api.post(f"/v1/orgs/acme/tokens/{made['id']}/rotate", json={}, token=ann).json()
    plan = propose(api, new["token"])
    problem(approve(api, plan, ann), 403, "own-plan")
    assert approve(api, plan, bob).status_code == 200


def test_a_program_s_stored_approval_counts_for_nothing(api: Any, problem: Any) -> None:
    """Whatever else may write one some day: the apply looks for a person."""
    ann = as_(api, "ann")
    plan = propose(api, ann)
    with api.plane.store.transaction() as transaction:
        stored = JudgementRecord(
            plan=plan["id"],
            reviewer="service-account:ci",
            author="user:ann",
            at=api.clock.now(),
            verdict="approved",
            digest=plan["digest"],
            reason="",
            credential="x",
            meaning=plan["meaningDigest"],
        )
        transaction.plans.judge("acme", stored)
    problem(api.send_apply(plan, token=ann), 409, "rbac-escalation")
    with api.plane.store.transaction() as transaction:
        transaction.plans.judge("acme", dataclasses.replace(stored, reviewer="user:bob"))
    assert api.send_apply(plan, token=ann).status_code == 200


def test_a_program_may_reject(api: Any, problem: Any) -> None:
    plan = propose(api, as_(api, "ann"))
    assert approve(api, plan, robot(api, None, "plans:approve"), "rejections").status_code == 200
    problem(api.send_apply(plan), 409, "plan-rejected")


def test_an_approval_is_of_the_change_and_counts_for_another_plan_of_it_but_not_for_its_approver_s(
    api: Any, problem: Any
) -> None:
    ann, bob = as_(api, "ann"), as_(api, "bob")
    assert approve(api, propose(api, ann), bob).status_code == 200
    problem(api.send_apply(propose(api, bob), token=ann), 409, "rbac-escalation")
    assert api.send_apply(propose(api, ann), token=ann).status_code == 200
