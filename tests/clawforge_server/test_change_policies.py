"""The approval matrix, past the command line: who may approve what, what an approval is bound to, and how it ends.

Each test fails if the check that it is about is taken out; the comment at its head says which.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from change_world import ALL, apply_as, approve, as_, code_of, loosen, org, propose, reject, rule, tighten
from server_process import apply, company, make_plan, proposal, resource, send_apply, server_process

from clawforge.plan import Plan
from clawforge.plan_signature import verify_plan


@pytest.fixture
def two(api: Any) -> Any:
    """Loosening needs two, tightening none."""
    api.apply(org(rule(match={"effect": "loosen"}, count=2)))
    return api


def missing(plan: dict[str, Any]) -> list[tuple[str, int, list[str]]]:
    return [(item["code"], item["count"], item["who"]) for item in plan["approvals"]["missing"]]


def test_loosening_needs_two_and_says_who_may_give_them(two: Any, problem: Any) -> None:
    # `refuse_unapproved` in the apply
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    (need,) = plan["approvals"]["needed"]
    assert (need["code"], need["count"], need["permission"]) == ("change-policy", 2, "plans:approve")
    assert need["details"] == ["ChangePolicy/p: Policy/default may loosen"]
    assert missing(plan) == [("change-policy", 2, ["bob", "cat", "own"])]
    for name in ("ann", "own"):
        body = problem(apply_as(two, name, plan), 409, "approval-missing")
        assert "2 more by people with plans:approve" in body["detail"]
        assert "bob, cat, own may approve it" in body["hint"]
    body = problem(two.send_apply(plan), 409, "approval-missing")
    approved = approve(two, "bob", plan).json()
    assert missing(approved) == [("change-policy", 1, ["cat", "own"])]
    problem(two.send_apply(plan), 409, "approval-missing")
    assert missing(approve(two, "cat", plan).json()) == []
    assert two.send_apply(plan).status_code == 200
    (latest, *_) = two.get("/v1/orgs/acme/revisions").json()["revisions"]
    assert [item["by"] for item in latest["approvals"]] == ["user:bob", "user:cat"]
    (entry,) = [item for item in two.audit() if item["action"] == "plans:apply" and item["revision"] == 2]
    assert entry["detail"]["approvals"] == ["user:bob", "user:cat"]


def test_tightening_needs_nobody(two: Any) -> None:
    # `_has(match.effect, ...)`
    plan = propose(two, "ann", tighten(rule(match={"effect": "loosen"}, count=2)))
    assert plan["meaning"]["verdict"] == "tighter"
    assert plan["approvals"]["needed"] == []
    assert apply_as(two, "ann", plan).status_code == 200


def test_one_person_counts_once_however_often_they_say_it(two: Any, problem: Any) -> None:
    plan = propose(two, "ann", loosen(rule(match={"effect": "loosen"}, count=2)))
    again = propose(two, "ann", loosen(rule(match={"effect": "loosen"}, count=2)))
    for item in (plan, plan, again):
        assert approve(two, "bob", item).status_code == 200
    problem(two.send_apply(plan), 409, "approval-missing")
    problem(two.send_apply(again), 409, "approval-missing")


def test_an_outsider_does_not_approve(two: Any, problem: Any) -> None:
    # `require_over_changes(who, APPROVE, ...)` in the review
    plan = propose(two, "ann", loosen(rule(match={"effect": "loosen"}, count=2)))
    problem(approve(two, "dev", plan), 403, "missing-permission")


def test_nobody_approves_what_they_submitted(two: Any, problem: Any) -> None:
    plan = propose(two, "bob", loosen(rule(match={"effect": "loosen"}, count=2)))
    problem(approve(two, "bob", plan), 403, "own-plan")
    approve(two, "cat", plan)
    problem(two.send_apply(plan), 409, "approval-missing")


@pytest.mark.parametrize("author", ["Bob B <bob@acme.example>", "bob <BOB@acme.example>", " <bob@acme.example> "])
def test_nobody_approves_a_commit_that_they_wrote(two: Any, problem: Any, author: str) -> None:
    # `authors_of`, in the review and in the count
    more = {"commit": "a" * 40, "commitAuthor": author}
    plan = propose(two, "ann", loosen(rule(match={"effect": "loosen"}, count=2)), **more)
    assert plan["authors"] == ["user:ann", "user:bob"]
    problem(approve(two, "bob", plan), 403, "own-plan")
    assert reject(two, "bob", plan).status_code == 200, "an author may say that it is not ready"


def test_an_approval_by_whoever_turns_out_to_be_an_author_does_not_count(two: Any, problem: Any) -> None:
    # `others = approvers - authors` in `lacking`
    resources = loosen(rule(match={"effect": "loosen"}, count=2))
    first = propose(two, "ann", resources)
    for name in ("bob", "cat"):
        assert approve(two, name, first).status_code == 200
    again = propose(two, "ann", resources, commit="a" * 40, commitAuthor="Bob <bob@acme.example>")
    assert missing(again) == [("change-policy", 1, ["own"])]
    problem(two.send_apply(again), 409, "approval-missing")
    mine = propose(two, "cat", resources)
    assert missing(mine) == [("change-policy", 1, ["own"])]
    assert two.send_apply(first).status_code == 200


def test_an_approval_is_kept_by_a_rebase_that_changes_nothing(two: Any, problem: Any) -> None:
    # `said_about` looks at other plans of the same digests
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    body = {"source": "elsewhere", "resources": [resource("Group", "unrelated")], "positions": {}}
    assert two.send_apply(two.post("/v1/orgs/acme/plans", json=body).json()).status_code == 200
    problem(two.send_apply(plan), 409, "stale-plan")
    rebased = propose(two, "ann", loosen(policy))
    assert (rebased["digest"], rebased["meaningDigest"]) == (plan["digest"], plan["meaningDigest"])
    assert [item["by"] for item in rebased["approvals"]["given"]] == ["user:bob", "user:cat"]
    assert missing(rebased) == []
    assert two.send_apply(rebased).status_code == 200


def test_an_approval_is_void_once_the_change_loosens_more(two: Any, problem: Any) -> None:
    # the change digest in `judgements` and `_is_bound`
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    more = propose(two, "ann", org(policy, deny=[]))
    assert more["approvals"]["given"] == []
    problem(two.send_apply(more), 409, "approval-missing")


def test_an_approval_is_void_once_the_same_change_means_more(two: Any, problem: Any) -> None:
    # the meaning digest: the change digest is the same before and after somebody joined the group
    policy = rule(match={"effect": "loosen"}, count=2)
    narrow = resource("Policy", "narrow", appliesTo={"groups": ["eng"]}, mode="overlay", tools={"deny": ["read"]})
    two.apply(org(policy, narrow))
    plan = propose(two, "ann", org(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    joined = [item for item in org(policy, narrow) if item["metadata"]["name"] != "eng"]
    joined.append(resource("Group", "eng", members={"users": ["dev", "ann"]}))
    assert two.send_apply(propose(two, "ann", joined)).status_code == 200
    less = [item for item in joined if item["metadata"]["name"] != "narrow"]
    again = propose(two, "ann", less)
    assert again["digest"] == plan["digest"]
    assert again["meaningDigest"] != plan["meaningDigest"]
    assert again["approvals"]["given"] == []
    problem(two.send_apply(again), 409, "approval-missing")


def test_an_approval_ends_with_the_plan_that_it_was_given_to(two: Any, problem: Any) -> None:
    # `plans.expires_at > now` in the store
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    two.clock.move(hours=23)
    later = propose(two, "ann", loosen(policy))
    assert missing(later) == []
    two.clock.move(hours=2)
    problem(two.send_apply(plan), 409, "plan-expired")
    problem(two.send_apply(later), 409, "approval-missing")
    problem(approve(two, "bob", plan), 409, "plan-expired")


def test_an_approval_is_used_up_by_the_apply(two: Any, problem: Any) -> None:
    # `plans.result IS NULL` in the store
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    assert two.send_apply(plan).status_code == 200
    assert two.send_apply(propose(two, "ann", org(policy))).status_code == 200
    again = propose(two, "ann", loosen(policy))
    assert again["digest"] == plan["digest"]
    problem(two.send_apply(again), 409, "approval-missing")
    shown = two.get(f"/v1/orgs/acme/plans/{plan['id']}").json()["approvals"]
    assert ([item["by"] for item in shown["given"]], shown["missing"]) == (["user:bob", "user:cat"], [])


def test_a_rejection_holds_for_every_plan_of_the_change_until_its_giver_thinks_again(two: Any, problem: Any) -> None:
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    assert reject(two, "own", plan, reason="not this week").status_code == 200
    again = propose(two, "ann", loosen(policy))
    for item in (plan, again):
        assert "not this week" in problem(two.send_apply(item), 409, "plan-rejected")["detail"]
    two.clock.move(seconds=1)
    assert approve(two, "own", again).status_code == 200
    assert two.send_apply(again).status_code == 200


def test_whoever_lost_the_right_meanwhile_has_not_approved(two: Any, problem: Any) -> None:
    # `Reach.holds` asks for the rights of now, and not for those of then
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    assert two.post("/v1/orgs/acme/users/cat/suspension", json={"reason": "left"}).status_code == 201
    body = problem(two.send_apply(plan), 409, "approval-missing")
    assert "cat" not in body["hint"]
    assert two.delete("/v1/orgs/acme/users/cat/suspension").status_code == 200
    assert two.send_apply(plan).status_code == 200


def test_whoever_lost_the_role_by_another_change_has_not_approved(two: Any, problem: Any) -> None:
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", loosen(policy))
    for name in ("bob", "cat"):
        assert approve(two, name, plan).status_code == 200
    without = [item for item in ALL if item["metadata"]["name"] != "approvers"]
    without.append(resource("RoleBinding", "approvers", role="approver", subjects={"users": ["bob"]}))
    less = propose(two, "own", company(*without, policy, deny=["exec", "write"]))
    assert less["approvals"]["needed"] == [], "taking a right away tightens"
    assert two.send_apply(less).status_code == 200
    rebased = propose(two, "ann", company(*without, policy, deny=["write"]))
    assert [item["by"] for item in rebased["approvals"]["given"]] == ["user:bob", "user:cat"]
    assert missing(rebased) == [("change-policy", 1, ["own"])]
    problem(two.send_apply(rebased), 409, "approval-missing")


def test_the_old_policy_is_obeyed_when_the_plan_removes_it(two: Any, problem: Any) -> None:
    # `policies` come from the state before; `_why` for a policy that is changed itself
    for proposed in (org(), org(rule(match={"effect": "loosen"}, count=1)), org(rule(match={"effect": "tighten"}))):
        plan = propose(two, "ann", proposed)
        (need,) = plan["approvals"]["needed"]
        assert need["count"] == 2
        assert need["details"] == ["ChangePolicy/p: it is changed itself"]
        problem(two.send_apply(plan), 409, "approval-missing")
    relaxed = propose(two, "ann", org(deny=[]))
    assert relaxed["approvals"]["needed"][0]["count"] == 2
    problem(two.send_apply(relaxed), 409, "approval-missing")


def test_a_new_policy_binds_the_next_change_and_not_its_own(api: Any, problem: Any) -> None:
    api.apply(org())
    plan = propose(api, "ann", org(rule(count=2)))
    assert plan["approvals"]["needed"] == []
    assert apply_as(api, "ann", plan).status_code == 200
    problem(api.send_apply(propose(api, "ann", tighten(rule(count=2)))), 409, "approval-missing")


def test_whoever_becomes_an_approver_by_a_plan_is_approved_by_those_who_are(api: Any, problem: Any) -> None:
    # `_Joining`
    own = rule(match={"kinds": ["DlpRuleSet"]}, **{"from": {"groups": ["eng"]}})
    lead = resource("RoleBinding", "leads", role="approver", subjects={"groups": ["eng"]})
    api.apply(org(own, lead))
    joined = [item for item in org(own, lead) if item["metadata"]["name"] != "eng"]
    plan = propose(api, "ann", [*joined, resource("Group", "eng", members={"users": ["dev", "bob"]})])
    (need,) = [item for item in plan["approvals"]["needed"] if item["code"] == "change-policy"]
    assert need["details"] == ["ChangePolicy/p: bob would approve from now on"]
    problem(api.send_apply(plan), 409, "approval-missing")
    assert approve(api, "dev", plan).status_code == 200
    assert api.send_apply(plan).status_code == 200


def test_whoever_takes_an_approver_s_place_is_approved_as_well(api: Any, problem: Any) -> None:
    # `_is_another`
    own = rule(match={"kinds": ["DlpRuleSet"]})
    api.apply(org(own))
    others = [item for item in org(own) if item["metadata"]["name"] != "bob"]
    plan = propose(api, "own", [*others, resource("User", "bob", email="mallory@acme.example")])
    needs = [item["details"] for item in plan["approvals"]["needed"] if item["code"] == "change-policy"]
    assert needs == [["ChangePolicy/p: bob would approve from now on"]]
    problem(api.send_apply(plan), 409, "approval-missing")


def test_what_could_not_be_judged_counts_as_loosening(two: Any, problem: Any) -> None:
    # `!= "no"`, and not `== "yes"`
    policy = rule(match={"effect": "loosen"}, count=2)
    changed = [item for item in org(policy) if item["kind"] != "Organization"]
    changed.append(resource("Organization", "acme", displayName="Acme", heartbeat={"interval": "2m"}))
    plan = propose(two, "ann", changed)
    assert plan["meaning"]["loosens"] == "unknown"
    assert plan["approvals"]["needed"][0]["count"] == 2
    problem(two.send_apply(plan), 409, "approval-missing")


def test_policies_add_up(api: Any, problem: Any) -> None:
    one, another = rule(count=1), rule("q", match={"kinds": ["Policy"]}, count=2)
    api.apply(org(one, another))
    plan = propose(api, "ann", tighten(one, another))
    assert [item["count"] for item in plan["approvals"]["needed"]] == [2]
    assert [
        item["count"] for item in propose(api, "ann", org(one, another, resource("Group", "x")))["approvals"]["needed"]
    ] == [1]
    approve(api, "bob", plan)
    problem(api.send_apply(plan), 409, "approval-missing")


def test_different_approvers_are_asked_each_and_one_person_may_be_both(api: Any, problem: Any) -> None:
    # the key of `counts` in `approval_needs`
    by_role = rule(**{"from": {"roles": ["approver"]}})
    by_group = rule("q", **{"from": {"groups": ["security"]}})
    security = resource("Group", "security", members={"users": ["own", "cat"]})
    api.apply(org(by_role, by_group, security))
    plan = propose(api, "ann", tighten(by_role, by_group, security))
    assert len(plan["approvals"]["needed"]) == 2
    approve(api, "bob", plan)
    body = problem(api.send_apply(plan), 409, "approval-missing")
    assert "from security" in body["detail"]
    assert "cat, own may approve" in body["hint"]
    approve(api, "own", plan)
    assert api.send_apply(plan).status_code == 200
    other = propose(api, "ann", org(by_role, by_group, security, deny=["exec", "read"]))
    approve(api, "cat", other)
    assert api.send_apply(other).status_code == 200, "cat is both"


def test_the_server_s_owner_approves_by_permission_and_is_of_no_group(api: Any, problem: Any) -> None:
    # `SERVER_OWNER` in `_belongs`
    policy, by_group = rule(), rule("q", match={"kinds": ["Group"]}, **{"from": {"groups": ["eng"]}})
    lead = resource("RoleBinding", "leads", role="approver", subjects={"groups": ["eng"]})
    api.apply(org(policy, by_group, lead))
    plan = propose(api, "ann", tighten(policy, by_group, lead))
    assert api.post(f"/v1/orgs/acme/plans/{plan['id']}/approvals", json={}).status_code == 200
    assert apply_as(api, "ann", plan).status_code == 200
    group = propose(api, "ann", org(policy, by_group, lead, resource("Group", "x"), deny=["exec", "write"]))
    assert api.post(f"/v1/orgs/acme/plans/{group['id']}/approvals", json={}).status_code == 200
    assert "from eng" in problem(apply_as(api, "ann", group), 409, "approval-missing")["detail"]


def test_a_change_that_another_one_makes_good_still_counts_where_a_rule_selects_it(api: Any, problem: Any) -> None:
    # per-change verdicts: the plan as a whole loosens nothing, and taking the overlay back later would be free
    policy = rule(match={"addresses": ["Policy/default"], "effect": "loosen"})
    api.apply(org(policy))
    overlay = resource("Policy", "extra", appliesTo="everyone", mode="overlay", tools={"deny": ["exec", "write"]})
    plan = propose(api, "ann", org(policy, overlay, deny=[]))
    assert plan["meaning"]["loosens"] == "no"
    assert plan["approvals"]["needed"][0]["details"] == ["ChangePolicy/p: Policy/default may loosen"]
    problem(api.send_apply(plan), 409, "approval-missing")


def test_two_changes_that_loosen_only_together_count_both(api: Any, problem: Any) -> None:
    policy = rule(match={"addresses": ["Policy/one"], "effect": "loosen"})
    one, two = (
        resource("Policy", name, appliesTo="everyone", mode="overlay", tools={"deny": ["read"]})
        for name in ("one", "two")
    )
    api.apply(org(policy, one, two))
    alone = propose(api, "ann", org(policy, two))
    assert alone["approvals"]["needed"] == [], "the other one still denies it"
    plan = propose(api, "ann", org(policy))
    assert {item["address"]: item["loosens"] for item in plan["meaning"]["changes"]}["Policy/one"] == "no"
    problem(api.send_apply(plan), 409, "approval-missing")


def test_a_label_or_a_file_is_no_way_around_a_rule(api: Any, problem: Any) -> None:
    # `leaves` in `concerned`, and a file that nobody named
    policy = rule(match={"labels": {"tier": ["prod"]}, "effect": "loosen"})
    paths = rule("q", match={"paths": ["prod/**"], "effect": "loosen"})
    labelled = resource("Policy", "prod", appliesTo="everyone", mode="overlay", tools={"deny": ["write"]})
    labelled["metadata"]["labels"] = {"tier": "prod"}
    bare = resource("Policy", "prod", appliesTo="everyone", mode="overlay", tools={"deny": ["write"]})
    default = {"Policy/default": {"file": "dev/d.yaml", "line": 1}}
    here = {**default, "Policy/prod": {"file": "prod/x.yaml", "line": 1}}
    there = {**default, "Policy/prod": {"file": "dev/x.yaml", "line": 1}}
    api.apply(org(policy, paths, labelled), positions=here)
    taken = propose(api, "ann", org(policy, paths, bare), positions=here)
    assert taken["meaning"]["verdict"] == "equal"
    assert taken["approvals"]["needed"][0]["details"] == ["ChangePolicy/p: Policy/prod may loosen"]
    problem(api.send_apply(taken), 409, "approval-missing")
    moved = propose(api, "ann", org(policy, paths, labelled), positions=there)
    assert moved["changes"] == []
    assert moved["approvals"]["needed"][0]["details"] == ["ChangePolicy/q: Policy/prod may loosen"]
    problem(api.send_apply(moved), 409, "approval-missing")
    nowhere = propose(api, "ann", org(policy, paths, labelled, deny=[]))
    assert "ChangePolicy/q: Policy/default may loosen" in nowhere["approvals"]["needed"][0]["details"]
    elsewhere = propose(api, "ann", org(policy, paths, labelled, deny=["exec", "read"]), positions=here)
    assert api.send_apply(elsewhere).status_code == 200


@pytest.mark.parametrize(
    ("proposed", "asked"),
    [
        ([], True),
        ([resource("Invariant", "i", appliesTo="everyone", forbid={"tools": ["exec"]}, enforcement="warn")], True),
        ([resource("Invariant", "i", appliesTo="everyone", forbid={"tools": ["exec"]}), resource("Group", "x")], False),
    ],
    ids=["removed", "weaker", "kept"],
)
def test_taking_an_invariant_away_loosens(api: Any, proposed: list[dict[str, Any]], asked: bool) -> None:
    policy = rule(match={"effect": "loosen"})
    api.apply(org(policy, resource("Invariant", "i", appliesTo="everyone", forbid={"tools": ["exec"]})))
    plan = propose(api, "ann", org(policy, *proposed))
    assert bool(plan["approvals"]["needed"]) is asked


@pytest.mark.parametrize(
    "proposed", [[], [{"name": "g", "tools": ["exec"], "maxTtl": "1h"}]], ids=["removed", "longer"]
)
def test_whatever_changes_about_elevations_loosens(api: Any, proposed: list[dict[str, Any]]) -> None:
    policy = rule(match={"effect": "loosen"})
    grant = {"name": "g", "tools": ["exec"]}
    api.apply(org(policy, resource("ElevationPolicy", "e", appliesTo="everyone", grants=[grant])))
    changed = [resource("ElevationPolicy", "e", appliesTo="everyone", grants=proposed)] if proposed else []
    plan = propose(api, "ann", org(policy, *changed))
    (need,) = plan["approvals"]["needed"]
    assert need["details"] == ["ChangePolicy/p: ElevationPolicy/e may loosen"]


def test_a_plan_without_changes_needs_nobody(two: Any) -> None:
    policy = rule(match={"effect": "loosen"}, count=2)
    plan = propose(two, "ann", org(policy), positions={"Policy/default": {"file": "x.yaml", "line": 7}})
    assert plan["approvals"] == {"needed": [], "given": [], "missing": []}
    assert two.send_apply(plan).json()["positionsRefreshed"] is True


def test_what_is_missing_is_no_edit_of_the_plan(two: Any, problem: Any) -> None:
    plan = propose(two, "ann", loosen(rule(match={"effect": "loosen"}, count=2)))
    edited = {**plan, "approvals": {**plan["approvals"], "needed": []}}
    problem(two.send_apply(edited), 409, "plan-edited")
    without = {**plan, "approvals": {**plan["approvals"], "missing": []}}
    problem(two.send_apply(without), 409, "approval-missing")
    problem(two.send_apply({**plan, "authors": []}), 409, "plan-edited")


def test_a_refused_apply_leaves_a_record_and_nothing_else(two: Any) -> None:
    plan = propose(two, "ann", loosen(rule(match={"effect": "loosen"}, count=2)))
    assert code_of(two.send_apply(plan)) == "approval-missing"
    refused = two.audit()[-1]
    assert (refused["action"], refused["outcome"], refused["detail"]["code"]) == (
        "plans:apply",
        "refused",
        "approval-missing",
    )
    assert two.get("/v1/orgs/acme/state").json()["revision"] == 1
    assert as_(two, "ann")


def test_a_new_name_is_no_way_around_a_rule(api: Any, problem: Any) -> None:
    # `change.addresses` in `concerned` and in `_why`
    policy = rule(match={"addresses": ["Policy/prod"], "effect": "loosen"}, count=1)
    kept = {"appliesTo": "everyone", "mode": "overlay", "tools": {"deny": ["read"]}}
    api.apply(org(policy, resource("Policy", "prod", **kept)))
    moved = [{"from": "Policy/prod", "to": "Policy/other"}]
    plan = propose(api, "ann", org(policy, resource("Policy", "other", **kept)), moved=moved)
    assert (plan["summary"]["move"], plan["meaning"]["loosens"]) == (1, "no")
    assert plan["approvals"]["needed"][0]["details"] == ["ChangePolicy/p: Policy/other may loosen"]
    problem(api.send_apply(plan), 409, "approval-missing")
    renamed = rule("q", match={"addresses": ["Policy/prod"], "effect": "loosen"}, count=1)
    plan = propose(
        api,
        "ann",
        org(renamed, resource("Policy", "prod", **kept)),
        moved=[{"from": "ChangePolicy/p", "to": "ChangePolicy/q"}],
    )
    assert plan["approvals"]["needed"][0]["details"] == ["ChangePolicy/p: it is changed itself"]
    problem(api.send_apply(plan), 409, "approval-missing")


def test_what_is_let_go_of_or_taken_over_is_asked_for_where_a_rule_selects_it(api: Any, problem: Any) -> None:
    policy = rule(match={"addresses": ["Policy/prod"], "effect": "loosen"}, count=1)
    prod = resource("Policy", "prod", appliesTo="everyone", mode="overlay", tools={"deny": ["read"]})
    api.apply(org(policy, prod))
    plan = propose(api, "ann", org(policy), forgotten=["Policy/prod"])
    assert plan["summary"]["forget"] == 1
    problem(api.send_apply(plan), 409, "approval-missing")
    body = {"source": "elsewhere", "resources": [prod], "positions": {}, "takeOwnership": ["Policy/prod"]}
    taking = api.post("/v1/orgs/acme/plans", json=body, token=as_(api, "ann")).json()
    problem(api.send_apply(taking), 409, "approval-missing")
    assert approve(api, "bob", taking).status_code == 200
    assert api.send_apply(taking).status_code == 200


def test_what_reviewers_said_leaves_the_signature_whole(two: Any) -> None:
    plan = propose(two, "ann", loosen(rule(match={"effect": "loosen"}, count=2)))
    approved = approve(two, "bob", plan).json()
    state = two.plane.states.get("acme")
    keys = {state.keys.online.keyid: state.keys.online.public}
    for document in (plan, approved):
        assert verify_plan(Plan.model_validate_json(json.dumps(document)), keys) == state.keys.online.keyid


def test_a_process_asks_for_approvals_before_and_after_a_restart(tmp_path: Path) -> None:
    policy = rule(match={"effect": "loosen"})
    account = resource("ServiceAccount", "ci", permissions=["plans:*"], expires="2099-01-01T00:00:00Z")
    with server_process(tmp_path / "data") as server, server.client() as owner:
        apply(owner, org(policy, account))
        body = {"name": "k", "permissions": ["plans:create", "plans:apply"], "serviceAccount": "ci", "ttl": 600}
        key = owner.post("/v1/orgs/acme/tokens", json=body).json()["token"]
        with server.client(key) as pipeline:
            plan = make_plan(pipeline, proposal(loosen(policy, account)))
            refused = send_apply(pipeline, plan)
        assert (refused.status_code, refused.json()["code"]) == (409, "approval-missing")
        assert send_apply(owner, plan).json()["code"] == "approval-missing"
        assert owner.post(f"/v1/orgs/acme/plans/{plan['id']}/approvals", json={}).status_code == 200
        server.kill()
    with server_process(tmp_path / "data") as server, server.client(key) as pipeline:
        again = make_plan(pipeline, proposal(loosen(policy, account)))
        assert [item["by"] for item in again["approvals"]["given"]] == ["owner"]
        assert send_apply(pipeline, again).status_code == 200
