"""Freezes, deletion limits, reasons and signed commits, past the command line; each test fails without its check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from change_world import apply_as, approve, as_, code_of, loosen, org, policy, propose, reject, rule, send, tighten
from server_app import MovableClock
from server_process import company, resource
from sign_in_world import AUDIENCE, GITHUB_SUBJECT, World, sign_in_world

NOON_UNTIL_TWO = {"windows": [{"from": "2026-11-20T11:00:00Z", "until": "2026-11-20T14:00:00Z"}]}
COMMIT = "a" * 40


def freeze(schedule: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    spec = {"schedule": schedule or NOON_UNTIL_TWO, "reason": "year-end close", **more}
    return policy(freeze=[spec])


def test_nothing_is_applied_in_a_freeze_not_even_by_the_owner(api: Any, problem: Any) -> None:
    api.apply(org(freeze()))
    plan = propose(api, "ann", tighten(freeze()))
    assert [item["code"] for item in plan["warnings"] if item["code"] == "frozen"] == ["frozen"]
    for token in (as_(api, "ann"), as_(api, "own"), None):
        body = problem(send(api, token, plan), 409, "frozen")
        assert "until 2026-11-20T14:00:00Z by ChangePolicy/p: year-end close" in body["detail"]
    api.clock.move(hours=2)
    assert apply_as(api, "ann", plan).status_code == 200, "a window is open on the right"


def test_a_freeze_binds_its_own_removal(api: Any, problem: Any) -> None:
    api.apply(org(freeze()))
    problem(api.send_apply(propose(api, "own", org())), 409, "frozen")


def test_breaking_a_freeze_needs_its_own_right_a_reason_and_leaves_a_record(api: Any, problem: Any) -> None:
    admin = resource("RoleBinding", "admins", role="admin", subjects={"users": ["cat"]})
    api.apply(org(freeze(), admin))
    plan = propose(api, "ann", tighten(freeze(), admin))
    over = {"overrideFreeze": True}
    for name in ("ann", "cat"):
        problem(apply_as(api, name, plan, **over, reason="sev 1"), 403, "missing-permission")
    problem(apply_as(api, "own", plan, **over), 422, "override-without-reason")
    problem(apply_as(api, "own", plan, **over, reason="  "), 422, "invalid-request")
    problem(apply_as(api, "own", plan, reason="sev 1"), 409, "frozen")
    assert apply_as(api, "own", plan, **over, reason="sev 1: key leaked").status_code == 200
    (entry,) = [item for item in api.audit() if item["action"] == "freeze:override"]
    assert (entry["actor"], entry["outcome"], entry["target"]) == ("user:own", "done", f"plan/{plan['id']}")
    assert entry["detail"]["reason"] == "sev 1: key leaked"
    assert entry["detail"]["freezes"] == [{"policy": "ChangePolicy/p", "reason": "year-end close"}]
    assert api.get("/v1/orgs/acme/revisions/2").json()["freezeOverride"] == "sev 1: key leaked"


def test_an_override_where_nothing_is_frozen_is_none(api: Any) -> None:
    api.apply(org(freeze({"windows": [{"until": "2026-11-20T12:00:00Z"}]})))
    plan = propose(api, "ann", tighten(freeze({"windows": [{"until": "2026-11-20T12:00:00Z"}]})))
    assert apply_as(api, "ann", plan, overrideFreeze=True, reason="to be sure").status_code == 200
    assert [item for item in api.audit() if item["action"] == "freeze:override"] == []
    revision = api.get("/v1/orgs/acme/revisions/2").json()
    assert (revision["freezeOverride"], revision["reason"]) == (None, "to be sure")


def test_a_freeze_that_is_not_overridable_is_overridden_by_nobody(api: Any, problem: Any) -> None:
    both = [freeze(), policy("q", freeze=[{"schedule": NOON_UNTIL_TWO, "reason": "audit", "overridable": False}])]
    api.apply(org(*both))
    plan = propose(api, "ann", tighten(*both))
    for token in (as_(api, "own"), None):
        body = problem(send(api, token, plan, overrideFreeze=True, reason="sev 1"), 409, "frozen")
        assert "Nobody can override" in body["hint"]


def test_an_override_does_not_replace_approvals(api: Any, problem: Any) -> None:
    both = [freeze(), rule("q", count=1)]
    api.apply(org(*both))
    plan = propose(api, "ann", tighten(*both))
    problem(apply_as(api, "own", plan, overrideFreeze=True, reason="sev 1"), 409, "approval-missing")
    assert [item for item in api.audit() if item["action"] == "freeze:override" and item["outcome"] == "done"] == []
    approve(api, "bob", plan)
    assert apply_as(api, "own", plan, overrideFreeze=True, reason="sev 1").status_code == 200


def test_moving_places_is_let_through_a_freeze(api: Any) -> None:
    api.apply(org(freeze()))
    plan = propose(api, "ann", org(freeze()), positions={"Policy/default": {"file": "x.yaml", "line": 1}})
    assert apply_as(api, "ann", plan).json()["positionsRefreshed"] is True


GROUPS = [resource("Group", f"g-{number}") for number in range(4)]


@pytest.mark.parametrize(
    ("limit", "kept", "refused"),
    [
        ({"count": 2}, 2, False),
        ({"count": 2}, 1, True),
        ({"count": 0}, 3, True),
        ({"count": 0}, 4, False),
        # 18 resources are there: 2 of them are more than 11%.
        ({"share": "11%"}, 2, True),
        ({"share": "12%"}, 2, False),
        ({"count": 1, "share": "100%"}, 2, True),
    ],
)
def test_a_plan_deletes_no_more_than_the_limits_let_it(
    api: Any, problem: Any, limit: dict[str, Any], kept: int, refused: bool
) -> None:
    limits = policy(limits={"deletions": limit})
    api.apply(org(limits, *GROUPS))
    plan = propose(api, "ann", org(limits, *GROUPS[:kept]))
    assert any(item["code"] == "too-many-deletions" for item in plan["warnings"]) is refused
    answer = apply_as(api, "ann", plan)
    if not refused:
        assert answer.status_code == 200, answer.text
        return
    body = problem(answer, 409, "too-many-deletions")
    assert f"deletes {4 - kept} of the 18 resources of policies" in body["detail"]
    assert f"--allow-deletions {4 - kept}" in body["hint"]


def test_the_number_that_was_looked_at_lifts_the_limit_and_is_recorded(api: Any, problem: Any) -> None:
    limits = policy(limits={"deletions": {"count": 1}})
    api.apply(org(limits, *GROUPS))
    plan = propose(api, "ann", org(limits))
    problem(apply_as(api, "ann", plan, allowDeletions=3), 409, "too-many-deletions")
    problem(apply_as(api, "ann", plan, allowDeletions=-1), 422, "invalid-request")
    assert apply_as(api, "ann", plan, allowDeletions=4).status_code == 200
    (entry,) = [item for item in api.audit() if item["action"] == "deletions:allow"]
    assert (entry["actor"], entry["detail"]["allowed"], entry["detail"]["deleted"]) == ("user:ann", 4, 4)


def test_approvals_that_the_plan_needed_lift_the_limit(api: Any, problem: Any) -> None:
    limits = policy(approvals=[{}], limits={"deletions": {"count": 1}})
    api.apply(org(limits, *GROUPS))
    plan = propose(api, "ann", org(limits))
    problem(apply_as(api, "ann", plan, allowDeletions=4), 409, "approval-missing")
    approve(api, "bob", plan)
    assert apply_as(api, "ann", plan).status_code == 200


def test_a_limit_counts_what_the_source_owns_and_not_what_others_do(api: Any, problem: Any) -> None:
    limits = policy(limits={"deletions": {"share": "50%"}})
    api.apply(org(limits))
    few = {"source": "few", "resources": GROUPS[:2], "positions": {}}
    assert api.send_apply(api.post("/v1/orgs/acme/plans", json=few).json()).status_code == 200
    plan = api.post("/v1/orgs/acme/plans", json={**few, "resources": []}).json()
    assert "2 of the 2 resources of few" in problem(api.send_apply(plan), 409, "too-many-deletions")["detail"]


def test_a_reason_is_asked_for_and_kept(api: Any, problem: Any) -> None:
    asks = policy(requireReason=True)
    api.apply(org(asks))
    problem(apply_as(api, "ann", propose(api, "ann", tighten(asks))), 409, "reason-missing")
    plan = propose(api, "ann", tighten(asks), reason="ticket 7")
    assert plan["reason"] == "ticket 7"
    assert apply_as(api, "ann", plan).status_code == 200
    assert apply_as(api, "ann", propose(api, "ann", org(asks)), reason="ticket 8").status_code == 200
    revisions = api.get("/v1/orgs/acme/revisions").json()["revisions"]
    assert [item["reason"] for item in revisions] == ["ticket 8", "ticket 7", None]
    applied = [item["detail"].get("reason") for item in api.audit() if item["action"] == "plans:apply"]
    assert applied[-2:] == ["ticket 7", "ticket 8"]


def test_terms_that_do_not_exist_are_refused(api: Any, problem: Any) -> None:
    api.apply(org())
    plan = propose(api, "ann", tighten())
    for terms in ({"force": True}, {"overrideFreeze": "yes"}, {"allowDeletions": 10**40}):
        assert apply_as(api, "ann", plan, **terms).status_code in (400, 422), terms


@pytest.fixture
def world(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    """Two pipelines: `voucher` is trusted on protected refs only, `careless` on any."""
    with sign_in_world(tmp_path, clock) as world:
        world.api.apply(resources(world))
        yield world


def resources(world: World, *extra: dict[str, Any], deny: tuple[str, ...] = ("exec", "write")) -> list[dict[str, Any]]:
    trust = {"issuer": world.issuer.url, "audience": AUDIENCE, "subject": GITHUB_SUBJECT}
    may = ["plans:create", "plans:read", "plans:apply", "plans:vouch"]
    expires = "2027-06-30T00:00:00Z"

    def account(name: str, permissions: list[str], **claims: str) -> dict[str, Any]:
        spec = {"permissions": permissions, "expires": expires, "federated": {**trust, "claims": claims}}
        return resource("ServiceAccount", name, **spec)

    safe = {"ref": "refs/heads/main", "ref_protected": "true"}
    ours = {(item["kind"], item["metadata"]["name"]): item for item in org(*extra, deny=list(deny))}
    theirs = {(item["kind"], item["metadata"]["name"]): item for item in world.resources()}
    both = {**theirs, **ours, ("Organization", "acme"): theirs["Organization", "acme"]}
    return [
        *both.values(),
        account("voucher", may, **safe),
        account("careless", may, ref="refs/heads/main"),
        account("modest", may[:3], **safe),
    ]


@pytest.mark.parametrize(
    ("claims", "said", "counts"),
    [
        ({"ref": "main", "ref_type": "branch"}, "refs/heads/main", True),
        ({"ref": "main", "ref_type": "branch"}, "refs/heads/other", False),
        ({"ref": "main", "ref_type": "branch"}, "refs/tags/main", False),
        ({"ref": "main"}, "refs/heads/main", False),
        ({"ref": "main"}, "main", False),
        ({"ref": "main", "ref_type": "branch"}, "main", False),
    ],
    ids=["as GitLab says it", "another branch", "a tag", "branch or tag", "bare twice", "bare for a branch"],
)
def test_gitlab_names_a_branch_by_its_bare_name(
    world: World, problem: Any, claims: dict[str, str], said: str, counts: bool
) -> None:
    trust = {"issuer": world.issuer.url, "audience": AUDIENCE, "claims": {"project_id": "22", "namespace_id": "72"}}
    trust["claims"] |= {**claims, "ref_protected": "true"}
    spec = {"permissions": ["plans:create", "plans:vouch"], "expires": "2027-06-30T00:00:00Z", "federated": trust}
    theirs = resource("ServiceAccount", "on-gitlab", **spec)
    world.api.apply(resources(world, theirs))
    answer = world.federate("on-gitlab", world.gitlab())
    token = str(answer.json()["accessToken"])
    plan = vouched_plan(world, token, resources(world, theirs), vouched={"ref": said, "approvers": ["bob"]})
    if counts:
        assert plan.json()["vouched"]["approvers"] == ["user:bob"]
    else:
        assert "ref_type: branch" in problem(plan, 403, "ref-not-protected")["hint"]


def pipeline(world: World, account: str) -> str:
    answer = world.federate(account, world.github())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["accessToken"])


def vouched_plan(world: World, token: str, proposed: list[dict[str, Any]], **more: Any) -> Any:
    vouched = {"ref": "refs/heads/main", **more.pop("vouched", {})}
    body = {"source": "policies", "resources": proposed, "positions": {}, "commit": COMMIT, "vouched": vouched, **more}
    return world.api.post("/v1/orgs/acme/plans", json=body, token=token)


def test_reviews_in_the_git_forge_count_when_a_trusted_pipeline_vouches(world: World, problem: Any) -> None:
    two = rule(match={"effect": "loosen"}, count=2)
    world.api.apply(resources(world, two))
    looser = resources(world, two, deny=("write",))
    token = pipeline(world, "voucher")
    said = {"approvers": ["bob@acme.example", "cat", "eve@else.example"], "signers": ["ann@acme.example"]}
    plan = vouched_plan(world, token, looser, vouched=said).json()
    assert plan["vouched"] == {
        "by": "service-account:voucher",
        "ref": "refs/heads/main",
        "approvers": ["user:bob", "user:cat"],
        "signers": ["user:ann"],
        "unknown": ["eve@else.example"],
        "unknownSigners": [],
        "unknownAuthors": [],
        "approvedChange": None,
    }
    assert plan["authors"] == ["service-account:voucher", "user:ann"]
    given = [(item["by"], item["vouchedBy"]) for item in plan["approvals"]["given"]]
    assert given == [("user:bob", "service-account:voucher"), ("user:cat", "service-account:voucher")]
    assert plan["approvals"]["missing"] == []
    (entry,) = [item for item in world.api.audit() if item["action"] == "plans:vouch"]
    assert (entry["actor"], entry["detail"]["vouched"]["approvers"]) == (
        "service-account:voucher",
        ["user:bob", "user:cat"],
    )
    assert send(world.api, token, plan).status_code == 200
    (latest, *_) = world.api.get("/v1/orgs/acme/revisions").json()["revisions"]
    assert [item["vouchedBy"] for item in latest["approvals"]] == ["service-account:voucher"] * 2


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ({"approvers": ["bob", "bob@acme.example"]}, {}),
        ({"approvers": ["bob", "dev"]}, {}),
        ({"approvers": ["bob", "cat"], "signers": ["cat@acme.example"]}, {}),
        ({"approvers": ["bob", "cat"]}, {"commitAuthor": "Cat <cat@acme.example>"}),
        ({"approvers": ["bob", "nobody@else.example"]}, {}),
        ({"approvers": ["bob", "service-account:voucher", "owner"]}, {}),
    ],
    ids=["one twice", "an outsider", "a signer", "the author", "a stranger", "no people"],
)
def test_reviews_of_the_git_forge_count_as_little_as_others(
    world: World, problem: Any, said: dict[str, Any], more: dict[str, Any]
) -> None:
    two = rule(match={"effect": "loosen"}, count=2)
    world.api.apply(resources(world, two))
    token = pipeline(world, "voucher")
    plan = vouched_plan(world, token, resources(world, two, deny=("write",)), vouched=said, **more).json()
    assert [item["count"] for item in plan["approvals"]["missing"]] == [1]
    problem(send(world.api, token, plan), 409, "approval-missing")


def test_who_says_something_here_is_not_overruled_by_the_git_forge(world: World, problem: Any) -> None:
    one = rule(match={"effect": "loosen"})
    world.api.apply(resources(world, one))
    token = pipeline(world, "voucher")
    plan = vouched_plan(world, token, resources(world, one, deny=("write",)), vouched={"approvers": ["bob"]}).json()
    both = approve(world.api, "bob", plan, reason="seen").json()["approvals"]["given"]
    assert [(item["by"], item["vouchedBy"]) for item in both] == [("user:bob", None)]
    assert reject(world.api, "bob", plan, reason="on second thought").status_code == 200
    problem(send(world.api, token, plan), 409, "plan-rejected")


def test_only_a_trusted_pipeline_on_a_protected_ref_vouches(world: World, problem: Any) -> None:
    api, proposed = world.api, resources(world, deny=("write",))
    said = {"approvers": ["bob", "cat"]}
    problem(vouched_plan(world, pipeline(world, "careless"), proposed, vouched=said), 403, "ref-not-protected")
    problem(vouched_plan(world, pipeline(world, "modest"), proposed, vouched=said), 403, "missing-permission")
    token = pipeline(world, "voucher")
    other = {"ref": "refs/heads/feature", **said}
    problem(vouched_plan(world, token, proposed, vouched=other), 403, "ref-not-protected")
    for name in ("own", "bob"):
        code = "not-federated" if name == "own" else "missing-permission"
        problem(vouched_plan(world, as_(api, name), proposed, vouched=said), 403, code)
    problem(vouched_plan(world, api.owner, proposed, vouched=said), 403, "not-federated")
    key = {"name": "k", "permissions": ["plans:create", "plans:vouch"], "ttl": 600, "serviceAccount": "voucher"}
    for minter in (None, token):
        made = api.post("/v1/orgs/acme/tokens", json=key, token=minter)
        if made.status_code == 201:
            problem(vouched_plan(world, made.json()["token"], proposed, vouched=said), 403, "not-federated")
    other = str(api.session("service-account:voucher", method="oidc")["accessToken"])
    problem(vouched_plan(world, other, proposed, vouched=said), 403, "not-federated")
    for more in ({"dirty": True}, {"commit": None}):
        problem(vouched_plan(world, token, proposed, vouched=said, **more), 422, "no-commit")
    assert [item for item in api.audit() if item["action"] == "plans:vouch" and item["outcome"] == "done"] == []


def test_signed_commits_are_those_for_whose_signatures_a_pipeline_vouches(world: World, problem: Any) -> None:
    signed = policy(signedCommits=True)
    world.api.apply(resources(world, signed))
    tighter = resources(world, signed, deny=("exec", "write", "web_fetch"))
    token = pipeline(world, "voucher")
    plain = propose(world.api, "ann", tighter, commit=COMMIT)
    assert any(item["code"] == "commit-not-signed" for item in plain["warnings"])
    problem(send(world.api, None, plain), 409, "commit-not-signed")
    for said in ({}, {"approvers": ["bob"]}, {"signers": ["ann", "eve@else.example"]}):
        plan = vouched_plan(world, token, tighter, vouched=said).json()
        problem(send(world.api, token, plan), 409, "commit-not-signed")
    plan = vouched_plan(world, token, tighter, vouched={"signers": ["ann@acme.example"]}).json()
    assert code_of(send(world.api, token, plan)) is None


def test_nobody_who_may_not_vouch_gives_that_right(world: World, problem: Any) -> None:
    wider = [item for item in resources(world) if item["metadata"]["name"] != "modest"]
    modest = next(item for item in resources(world) if item["metadata"]["name"] == "modest")
    more = {**modest, "spec": {**modest["spec"], "permissions": [*modest["spec"]["permissions"], "plans:vouch"]}}
    plan = propose(world.api, "ann", [*wider, more])
    problem(apply_as(world.api, "ann", plan), 403, "rbac-escalation")


def test_without_a_change_policy_everything_is_as_before(api: Any) -> None:
    api.apply(company())
    plan = api.plan(company(deny=[]))
    assert plan["approvals"] == {"needed": [], "given": [], "missing": []}
    assert api.send_apply(plan).status_code == 200
    assert loosen()


def with_account(resources: list[dict[str, Any]], **numbers: str) -> list[dict[str, Any]]:
    """The resources, in which these users say which account on GitHub is theirs."""
    annotations = {name: {"clawforge.io/github-id": number} for name, number in numbers.items()}
    return [
        {**item, "metadata": {**item["metadata"], "annotations": annotations[item["metadata"]["name"]]}}
        if item["kind"] == "User" and item["metadata"]["name"] in annotations
        else item
        for item in resources
    ]


@pytest.mark.parametrize(
    ("numbers", "approvers", "authors", "counts"),
    [
        ({"bob": "1002"}, ["github:1002"], [], True),
        ({"bob": "1002"}, ["gitlab:1002"], [], False),
        ({"bob": "1002"}, ["github:bob"], [], False),
        ({"bob": "1002", "cat": "1002"}, ["github:1002"], [], False),
        ({"bob": "1002"}, ["github:1002"], ["bob@acme.example"], False),
        ({"bob": "1002"}, ["bob"], ["github:1002"], False),
        ({"bob": "1002"}, ["bob"], ["eve@else.example"], False),
        ({"bob": "1002"}, ["bob"], ["github:9"], False),
        ({"bob": "1002", "cat": "1002"}, ["bob"], ["github:1002"], False),
        ({"bob": "1002", "cat": "1003"}, ["bob"], ["github:1003", "ann@acme.example"], True),
    ],
    ids=[
        "by number",
        "another forge",
        "by name there",
        "two of one",
        "author",
        "author by number",
        "a stranger wrote it",
        "an account of nobody wrote it",
        "an author of two",
        "others wrote it",
    ],
)
def test_people_are_known_by_the_number_of_their_account_and_authors_do_not_count(
    world: World, numbers: dict[str, str], approvers: list[str], authors: list[str], counts: bool
) -> None:
    one = rule(match={"effect": "loosen"})
    world.api.apply(with_account(resources(world, one), **numbers))
    token = pipeline(world, "voucher")
    looser = with_account(resources(world, one, deny=("write",)), **numbers)
    plan = vouched_plan(world, token, looser, vouched={"approvers": approvers, "authors": authors}).json()
    assert code_of(send(world.api, token, plan)) == (None if counts else "approval-missing")


def test_a_plan_says_who_wrote_it_that_nobody_knows_and_approvals_here_count_all_the_same(world: World) -> None:
    one = rule(match={"effect": "loosen"})
    world.api.apply(resources(world, one))
    token = pipeline(world, "voucher")
    said = {"approvers": ["bob"], "authors": ["github:9", "ann"], "authorAddresses": ["cat@acme.example", "x@y.org"]}
    plan = vouched_plan(world, token, resources(world, one, deny=("write",)), vouched=said).json()
    assert (plan["vouched"]["unknownAuthors"], plan["approvals"]["given"]) == (["github:9"], [])
    assert plan["authors"] == ["service-account:voucher", "user:ann", "user:cat"]
    (warning,) = [item["message"] for item in plan["warnings"] if item["code"] == "unknown-author"]
    assert warning.startswith("github:9 wrote this change")
    assert approve(world.api, "bob", plan).status_code == 200
    assert send(world.api, token, plan).status_code == 200


def test_reviews_of_one_change_do_not_count_for_a_plan_that_makes_another(world: World) -> None:
    one = rule(match={"effect": "loosen"})
    world.api.apply(resources(world, one))
    looser, token = resources(world, one, deny=("write",)), pipeline(world, "voucher")
    digest = propose(world.api, "ann", looser)["digest"]
    for approved, counts in (("sha256:" + "0" * 64, False), (digest, True)):
        said = {"approvers": ["bob"], "approvedChange": approved}
        plan = vouched_plan(world, token, looser, vouched=said).json()
        assert [item["by"] for item in plan["approvals"]["given"]] == (["user:bob"] if counts else [])
        assert ("approved-otherwise" in {item["code"] for item in plan["warnings"]}) is not counts
        assert code_of(send(world.api, token, plan)) == (None if counts else "approval-missing")


def test_whoever_plans_may_say_who_wrote_it_and_nothing_else(world: World, problem: Any) -> None:
    one = rule(match={"effect": "loosen"})
    world.api.apply(resources(world, one))
    looser = resources(world, one, deny=("write",))
    authors = {"authors": ["bob", "github:9"], "authorAddresses": ["cat@acme.example"]}
    for token, more in ((pipeline(world, "modest"), {}), (as_(world.api, "ann"), {"commit": None, "dirty": True})):
        body = {"source": "policies", "resources": looser, "positions": {}, "vouched": authors, **more}
        plan = world.api.post("/v1/orgs/acme/plans", json=body, token=token).json()
        assert ({"user:bob", "user:cat"} <= set(plan["authors"]), plan["vouched"]) == (True, None)
        approve(world.api, "bob", plan)
        assert code_of(send(world.api, token, plan)) == "approval-missing"
    assert [item for item in world.api.audit() if item["action"] == "plans:vouch"] == []
    body["vouched"] = {"approvers": ["bob"]}
    problem(world.api.post("/v1/orgs/acme/plans", json=body, token=pipeline(world, "voucher")), 422, "no-ref")


def test_a_change_cannot_say_itself_whose_account_approved_it(world: World) -> None:
    one = rule(match={"effect": "loosen"})
    world.api.apply(resources(world, one))
    token = pipeline(world, "voucher")
    looser = with_account(resources(world, one, deny=("write",)), bob="666")
    plan = vouched_plan(world, token, looser, vouched={"approvers": ["github:666"]}).json()
    assert (plan["vouched"]["unknown"], plan["approvals"]["given"]) == (["github:666"], [])
    assert code_of(send(world.api, token, plan)) == "rbac-escalation"


def test_giving_an_approver_another_account_is_what_needs_approval(world: World, problem: Any) -> None:
    one = rule(match={"effect": "loosen"})
    world.api.apply(with_account(resources(world, one), bob="1002"))
    for number in ("666", "1002"):
        plan = propose(world.api, "ann", with_account(resources(world, one), bob=number, cat="1003"))
        assert any(
            "would approve from now on" in text for item in plan["approvals"]["needed"] for text in item["details"]
        )
    gone = propose(world.api, "ann", resources(world, one))
    assert gone["approvals"]["needed"] == []
    plan = propose(world.api, "ann", with_account(resources(world, one), bob="666"))
    problem(apply_as(world.api, "ann", plan), 403, "rbac-escalation")
