"""Who may propose, approve and apply what: nobody gives what they do not hold, nobody approves their own change."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from server_process import company, resource

EVERYBODY = [resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob", "cat", "own")]
PIPELINE = resource("Role", "pipeline", permissions=["plans:create", "plans:apply", "plans:read"])
ESCALATOR = resource("Role", "escalator", permissions=["rbac:escalate"])


def bound(name: str, role: str, *users: str, **more: Any) -> dict[str, Any]:
    return resource("RoleBinding", name, role=role, subjects={"users": list(users), **more.pop("subjects", {})}, **more)


BASE = [
    *EVERYBODY,
    PIPELINE,
    ESCALATOR,
    bound("owners", "owner", "own"),
    bound("pipelines", "pipeline", "ann", "bob"),
    bound("approvers", "approver", "ann", "cat"),
]
WIDER = resource("RoleBinding", "new", role="auditor", subjects={"users": ["bob"]})


@pytest.fixture(autouse=True)
def _applied(api: Any) -> None:
    api.apply(company(*BASE))


def as_(api: Any, name: str) -> str:
    return str(api.session(f"user:{name}")["accessToken"])


def propose(api: Any, resources: list[dict[str, Any]], token: str, source: str = "policies") -> Any:
    body = {"source": source, "resources": resources, "positions": {}}
    return api.post("/v1/orgs/acme/plans", json=body, token=token)


def judge(api: Any, plan: dict[str, Any], verdict: str, token: str | None, **body: Any) -> Any:
    return api.post(f"/v1/orgs/acme/plans/{plan['id']}/{verdict}", json=body, token=token)


def test_a_plan_that_gives_more_than_the_applier_holds_is_refused_by_name(api: Any, problem: Any) -> None:
    ann = as_(api, "ann")
    plan = propose(api, company(*BASE, WIDER), ann).json()
    assert plan["approvals"]["needed"][0]["code"] == "rbac-escalation"
    assert any(
        "audit:read for user:bob through RoleBinding/new" in text for text in plan["approvals"]["needed"][0]["details"]
    )
    body = problem(api.send_apply(plan, token=ann), 403, "rbac-escalation")
    assert "audit:read for user:bob through RoleBinding/new" in body["detail"]
    refused = api.audit()[-1]
    assert (refused["actor"], refused["action"], refused["detail"]["code"]) == (
        "user:ann",
        "plans:apply",
        "rbac-escalation",
    )
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 1
    assert api.send_apply(plan, token=as_(api, "own")).status_code == 200, "who holds it may give it"


@pytest.mark.parametrize(
    "change",
    [
        bound("pipelines", "owner", "ann", "bob"),
        resource("Role", "pipeline", permissions=["plans:create", "plans:apply", "plans:read", "tokens:create"]),
        bound("owners", "owner", "own", "ann"),
        bound("owners", "owner", "own", subjects={"groups": ["eng"]}),
        resource("User", "own", email="ann2@acme.example"),
        resource("Organization", "acme", sso={"issuer": "https://ann.example", "clientId": "x"}),
        resource("ServiceAccount", "mine", permissions=["audit:read"]),
        bound("mine", "escalator", "ann"),
    ],
    ids=lambda item: f"{item['kind']}/{item['metadata']['name']}",
)
def test_nobody_widens_themselves(api: Any, problem: Any, change: dict[str, Any]) -> None:
    ann = as_(api, "ann")
    there = [
        item for item in company(*BASE) if (item["kind"], item["metadata"]) != (change["kind"], change["metadata"])
    ]
    plan = propose(api, [*there, change], ann)
    assert plan.status_code == 201, plan.text
    problem(api.send_apply(plan.json(), token=ann), 403, "rbac-escalation")


def test_what_one_holds_one_may_give(api: Any) -> None:
    ann = as_(api, "ann")
    plan = propose(api, company(*BASE, bound("more", "pipeline", "cat")), ann).json()
    assert plan["approvals"]["needed"] == []
    assert api.send_apply(plan, token=ann).status_code == 200


def test_escalation_counts_only_with_somebody_else_s_approval(api: Any, problem: Any) -> None:
    api.apply(company(*BASE, bound("escalators", "escalator", "bob")))
    wider = company(*BASE, bound("escalators", "escalator", "bob"), WIDER)
    ann, bob, cat = (as_(api, name) for name in ("ann", "bob", "cat"))
    plan = propose(api, wider, ann).json()
    problem(api.send_apply(plan, token=bob), 409, "rbac-escalation")
    problem(judge(api, plan, "approvals", ann), 403, "own-plan")
    problem(judge(api, plan, "approvals", bob), 403, "missing-permission")
    approved = judge(api, plan, "approvals", cat, reason="ticket 7", digest=plan["digest"]).json()
    (given,) = approved["approvals"]["given"]
    assert (given["by"], given["verdict"], given["reason"]) == ("user:cat", "approved", "ticket 7")
    assert api.get(f"/v1/orgs/acme/plans/{plan['id']}").json() == approved
    problem(api.send_apply(plan, token=ann), 403, "rbac-escalation")
    assert api.send_apply(approved, token=bob).status_code == 200, "what reviewers said is no edit"
    done = [event["action"] for event in api.audit() if event["outcome"] == "done"]
    assert done[-2:] == ["plans:approve", "plans:apply"]


def test_an_approval_counts_while_its_giver_may_approve(api: Any, problem: Any) -> None:
    api.apply(company(*BASE, bound("escalators", "escalator", "bob")))
    wider = company(*BASE, bound("escalators", "escalator", "bob"), WIDER)
    ann, bob, cat = (as_(api, name) for name in ("ann", "bob", "cat"))
    plan = propose(api, wider, ann).json()
    assert judge(api, plan, "approvals", cat).status_code == 200
    assert api.post("/v1/orgs/acme/users/cat/suspension", json={"reason": "x"}).status_code == 201
    problem(api.send_apply(plan, token=bob), 409, "rbac-escalation")


def test_the_applier_s_own_approval_is_none(api: Any, problem: Any) -> None:
    resources = company(*BASE, bound("escalators", "escalator", "ann"))
    api.apply(resources)
    ann, bob = as_(api, "ann"), as_(api, "bob")
    plan = propose(api, [*resources, WIDER], bob).json()
    assert judge(api, plan, "approvals", ann).status_code == 200
    problem(api.send_apply(plan, token=ann), 409, "rbac-escalation")


def test_nobody_judges_their_own_plan_through_another_credential(api: Any, problem: Any) -> None:
    plan = propose(api, company(*BASE, deny=["read"]), as_(api, "ann")).json()
    problem(judge(api, plan, "approvals", as_(api, "ann")), 403, "own-plan")
    mine = api.plan(company(*BASE, deny=["read"]))
    for token in (None, api.token("plans:approve"), api.token("*:*")):
        problem(judge(api, mine, "approvals", token), 403, "own-plan")


def test_the_database_itself_refuses_an_own_approval(api: Any, tmp_path: Any) -> None:
    plan = propose(api, company(*BASE, deny=["read"]), as_(api, "ann")).json()
    database = sqlite3.connect(tmp_path / "data" / "clawforge.db", isolation_level=None)
    database.execute("PRAGMA foreign_keys = ON")
    insert = (
        "INSERT INTO judgements (org, plan, reviewer, author, at, verdict, digest, reason, credential)"
        " VALUES ('acme', ?, ?, ?, 0, 'approved', 'x', '', 'c')"
    )
    with pytest.raises(sqlite3.IntegrityError, match="not_one_s_own"):
        database.execute(insert, (plan["id"], "user:ann", "user:ann"))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        database.execute(insert, (plan["id"], "user:ann", "user:bob"))
    database.execute(insert, (plan["id"], "user:cat", "user:ann"))
    database.close()


def test_a_rejected_plan_is_not_applied_until_its_reviewer_thinks_again(api: Any, problem: Any) -> None:
    plan = propose(api, company(*BASE, deny=["read"]), as_(api, "ann")).json()
    cat = as_(api, "cat")
    assert judge(api, plan, "rejections", cat, reason="too narrow").status_code == 200
    body = problem(api.send_apply(plan), 409, "plan-rejected")
    assert "too narrow" in body["detail"]
    assert judge(api, plan, "approvals", cat).status_code == 200
    assert api.send_apply(plan).status_code == 200
    problem(judge(api, plan, "rejections", cat), 409, "plan-applied")


def test_an_approval_is_of_one_change(api: Any, problem: Any) -> None:
    plan = propose(api, company(*BASE, deny=["read"]), as_(api, "ann")).json()
    cat = as_(api, "cat")
    problem(judge(api, plan, "approvals", cat, digest="sha256:" + "0" * 64), 409, "plan-edited")
    problem(judge(api, {"id": "plan-none"}, "approvals", cat), 404, "unknown-plan")
    api.apply(company(*BASE, deny=["write"]))
    problem(judge(api, plan, "approvals", cat), 409, "stale-plan")
    api.clock.move(hours=25)
    problem(judge(api, plan, "approvals", as_(api, "cat")), 409, "plan-expired")


def test_the_last_owner_cannot_be_removed(api: Any, problem: Any) -> None:
    for gone in (
        [item for item in BASE if item["metadata"]["name"] != "owners"],
        [item for item in BASE if item["metadata"]["name"] not in {"owners", "own"}],
        [
            *[item for item in BASE if item["metadata"]["name"] != "owners"],
            bound("owners", "owner", "own", scope={"sources": ["x"]}),
        ],
        [
            *[item for item in BASE if item["metadata"]["name"] != "own"],
            resource("User", "own", email="own@acme.example", state="suspended"),
        ],
    ):
        body = problem(propose(api, company(*gone), api.owner), 422, "last-owner")
        assert "own" in body["detail"]
    others = [item for item in BASE if item["metadata"]["name"] != "owners"]
    api.apply(company(*others, bound("owners", "owner", "ann")))


def test_an_owner_who_was_stopped_meanwhile_is_none(api: Any, problem: Any) -> None:
    two = company(*BASE[:-3], *BASE[-2:], bound("owners", "owner", "own", "cat"))
    api.apply(two)
    plan = api.plan(company(*BASE))
    assert api.post("/v1/orgs/acme/users/own/suspension", json={"reason": "x"}).status_code == 201
    problem(api.send_apply(plan), 422, "last-owner")


def test_a_right_over_kinds_sources_or_groups_reaches_no_further(api: Any, problem: Any) -> None:
    scoped = [
        *BASE,
        bound("a", "pipeline", "cat", scope={"kinds": ["Policy"], "sources": ["policies"]}),
    ]
    api.apply(company(*scoped))
    cat = as_(api, "cat")
    plan = propose(api, company(*scoped, deny=["read"]), cat)
    assert plan.status_code == 201, plan.text
    problem(propose(api, company(*scoped, resource("Group", "more"), deny=["read"]), cat), 403, "outside-scope")
    problem(propose(api, [resource("Policy", "p", appliesTo={"users": ["ann"]})], cat, "other"), 403, "outside-scope")
    api.apply(company(*scoped))
    wide = propose(api, company(*scoped, resource("Group", "more")), as_(api, "ann")).json()
    problem(api.send_apply(wide, token=cat), 403, "outside-scope")
    assert api.send_apply(plan.json(), token=cat).status_code == 200


def test_nobody_draws_people_into_a_group_over_which_they_have_a_right(api: Any, problem: Any) -> None:
    lead = bound("leads", "responder", "ann", scope={"groups": ["team"]})
    responder = resource("Role", "responder", permissions=["users:suspend"])

    def org(*members: str) -> list[dict[str, Any]]:
        return company(*BASE, responder, lead, resource("Group", "team", members={"users": list(members)}))

    api.apply(org("bob"))
    ann = as_(api, "ann")
    plan = propose(api, org("bob", "own"), ann).json()
    body = problem(api.send_apply(plan, token=ann), 403, "rbac-escalation")
    assert "users:suspend over groups team for user:ann" in body["detail"]
    joins = [*org("bob", "eve"), resource("User", "eve", email="eve@acme.example")]
    plan = propose(api, joins, ann).json()
    assert api.send_apply(plan, token=ann).status_code == 200, "nobody had rights over a newcomer before"


def test_a_right_over_a_group_reaches_policies_for_its_members(api: Any, problem: Any) -> None:
    base = company(*BASE, bound("a", "pipeline", "cat", scope={"groups": ["eng"]}))
    api.apply(base)
    cat = as_(api, "cat")
    mine = resource("Policy", "mine", appliesTo={"groups": ["eng"]}, tools={"deny": ["write"]}, mode="overlay")
    theirs = resource("Policy", "mine", appliesTo="everyone", tools={"deny": ["write"]}, mode="overlay")
    problem(propose(api, [*base, theirs], cat), 403, "outside-scope")
    plan = propose(api, [*base, mine], cat).json()
    assert api.send_apply(plan, token=cat).status_code == 200


def test_groups_that_carry_rights_are_not_given_at_enrolment_by_whoever_lacks_them(api: Any, problem: Any) -> None:
    minter = resource("Role", "minter", permissions=["enrollments:create"])
    base = company(
        *BASE,
        minter,
        bound("minters", "minter", "cat"),
        resource("Group", "power", members={"users": ["own"]}),
        resource("RoleBinding", "power", role="auditor", subjects={"groups": ["power"]}),
    )
    api.apply(base)
    cat = as_(api, "cat")
    path = "/v1/orgs/acme/enrollments"
    body = {"user": "dev", "groups": ["power"]}
    refused = problem(api.post(path, json=body, token=cat), 403, "grant-exceeds-grantor")
    assert "RoleBinding/power" in refused["detail"]
    assert api.post(path, json={"user": "dev", "groups": ["eng"]}, token=cat).status_code == 201
    assert api.post(path, json=body, token=as_(api, "own")).status_code == 201
