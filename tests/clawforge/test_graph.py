"""References between resources."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import orgs, resource

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.graph import check_references
from clawforge.reference import references_of
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource


def policy(name: str, **spec: Any) -> Resource:
    return resource("Policy", name, {"appliesTo": "everyone", **spec})


def user(name: str, email: str | None = None) -> Resource:
    return resource("User", name, {"email": email or f"{name}@acme.example"})


def only(resources: list[Resource], **options: Any) -> Finding:
    (found,) = check_references(resources, **options)
    assert found.hint
    return found


CASE = {"name": "n", "subject": {"user": "stranger"}, "call": {"tool": "exec"}, "expect": {"effect": "allow"}}
EVERY_REFERENCE: list[tuple[str, dict[str, Any], str, str]] = [
    ("Policy", {"appliesTo": {"users": ["nobody"]}}, "/spec/appliesTo/users/0", "User/nobody"),
    ("Policy", {"appliesTo": {"groups": ["nobody"]}}, "/spec/appliesTo/groups/0", "Group/nobody"),
    ("Policy", {"appliesTo": {"roles": ["nobody"]}}, "/spec/appliesTo/roles/0", "Role/nobody"),
    (
        "Policy",
        {"appliesTo": {"roles": ["owner"], "except": {"groups": ["nobody"]}}},
        "/spec/appliesTo/except/groups/0",
        "Group/nobody",
    ),
    ("Policy", {"appliesTo": "everyone", "extends": ["Policy/nobody"]}, "/spec/extends/0", "Policy/nobody"),
    (
        "DlpRuleSet",
        {"appliesTo": {"users": ["nobody"]}, "rules": [{"id": "a", "detector": "private-key", "action": "block"}]},
        "/spec/appliesTo/users/0",
        "User/nobody",
    ),
    (
        "SkillApproval",
        {"appliesTo": {"users": ["nobody"]}, "key": "k", "status": "approved"},
        "/spec/appliesTo/users/0",
        "User/nobody",
    ),
    (
        "VersionTarget",
        {"appliesTo": {"users": ["nobody"]}, "components": {"host": {"range": ">=1"}}},
        "/spec/appliesTo/users/0",
        "User/nobody",
    ),
    ("Group", {"members": {"users": ["nobody"]}}, "/spec/members/users/0", "User/nobody"),
    (
        "Waiver",
        {"rule": "no-base", "resource": "Policy/nobody", "reason": "x", "expires": "2027-01-31"},
        "/spec/resource",
        "Policy/nobody",
    ),
    ("RoleBinding", {"role": "nobody", "subjects": {"users": ["alice"]}}, "/spec/role", "Role/nobody"),
    ("RoleBinding", {"role": "owner", "subjects": {"users": ["nobody"]}}, "/spec/subjects/users/0", "User/nobody"),
    ("RoleBinding", {"role": "owner", "subjects": {"groups": ["nobody"]}}, "/spec/subjects/groups/0", "Group/nobody"),
    (
        "RoleBinding",
        {"role": "owner", "subjects": {"serviceAccounts": ["nobody"]}},
        "/spec/subjects/serviceAccounts/0",
        "ServiceAccount/nobody",
    ),
    (
        "RoleBinding",
        {"role": "owner", "subjects": {"users": ["alice"]}, "scope": {"groups": ["nobody"]}},
        "/spec/scope/groups/0",
        "Group/nobody",
    ),
    (
        "RoleBinding",
        {"role": "owner", "subjects": {"users": ["alice"]}, "scope": {"kinds": ["Nothing"]}},
        "/spec/scope/kinds/0",
        "Nothing",
    ),
    (
        "PolicyTest",
        {"cases": [{**CASE, "subject": {"user": "stranger", "groups": ["nobody"]}}]},
        "/spec/cases/0/subject/groups/0",
        "Group/nobody",
    ),
    (
        "PolicyTest",
        {"cases": [{**CASE, "expect": {"effect": "deny", "resource": "Policy/nobody"}}]},
        "/spec/cases/0/expect/resource",
        "Policy/nobody",
    ),
    (
        "PolicyTest",
        {"cases": [{**CASE, "expect": {"effect": "deny", "resource": "Polcy/x"}}]},
        "/spec/cases/0/expect/resource",
        "Polcy",
    ),
]


@pytest.mark.parametrize(("kind", "spec", "pointer", "name"), EVERY_REFERENCE, ids=lambda item: str(item)[:50])
def test_every_name_must_exist(kind: str, spec: dict[str, Any], pointer: str, name: str) -> None:
    found = only([user("alice"), resource(kind, "x", spec)])
    assert (found.code, found.address, found.pointer) == ("unresolved-reference", f"{kind}/x", pointer)
    assert name in found.message
    assert found.severity is Severity.ERROR


def test_what_exists_is_found() -> None:
    resources = [
        user("alice"),
        resource("Group", "eng", {"members": {"users": ["alice"]}}),
        resource("Role", "reviewer", {"permissions": ["plans:read"]}),
        resource("ServiceAccount", "ci"),
        resource("RoleBinding", "b", {"role": "reviewer", "subjects": {"serviceAccounts": ["ci"], "groups": ["eng"]}}),
        resource(
            "RoleBinding", "c", {"role": "auditor", "subjects": {"users": ["alice"]}, "scope": {"kinds": ["Policy"]}}
        ),
        policy("base"),
        policy("child", extends=["Policy/base"], appliesTo={"roles": ["owner", "reviewer"], "users": ["alice"]}),
        resource("PolicyTest", "t", {"cases": [CASE]}),
    ]
    assert check_references(resources, org="acme") == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("alcie", "alice"),
        ("Alice", "alice"),
        ("bob@acme.example", "bob"),
        ("BOB@acme.example", "bob"),
        ("zzzzzzzz", None),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(written: str, meant: str | None) -> None:
    found = only([user("alice"), user("bob"), policy("p", appliesTo={"users": [written]})])
    assert (f"Did you mean `{meant}`?" in found.hint) is (meant is not None)


def test_contexts_must_be_declared_once_there_is_an_organization() -> None:
    one = policy("p", appliesTo={"contexts": ["work"]})
    assert check_references([one]) == []
    found = only([one, resource("Organization", "acme", {"contexts": ["home"]})])
    assert (found.code, found.pointer) == ("unresolved-reference", "/spec/appliesTo/contexts/0")
    assert check_references([one, resource("Organization", "acme", {"contexts": ["home", "work"]})]) == []


def test_instances_are_looked_up_only_where_they_are_known() -> None:
    one = policy("p", appliesTo={"instances": ["laptop-1"]})
    assert check_references([one]) == []
    assert check_references([one], instances=["laptop-1"]) == []
    found = only([one], instances=["laptop-2"])
    assert (found.code, found.severity) == ("unknown-instance", Severity.WARNING)


def test_what_exists_but_is_wrong_is_not_reported_again() -> None:
    one = policy("p", appliesTo={"groups": ["eng"], "users": ["alice"]})
    assert check_references([one], unusable={"Group/eng", "*/alice"}) == []
    assert len(check_references([one], unusable={"User/eng"})) == 2


def test_one_email_for_two_users() -> None:
    found = only([user("alice", "a@acme.example"), user("bob", "A@ACME.example")])
    assert (found.code, found.address, found.pointer) == ("duplicate-email", "User/bob", "/spec/email")
    assert found.related == ("User/alice",)


def test_one_organization_of_the_right_name() -> None:
    acme, other = resource("Organization", "acme"), resource("Organization", "other")
    assert check_references([acme], org="acme") == []
    assert check_references([other]) == []
    assert only([other], org="acme").code == "org-mismatch"
    assert [item.code for item in check_references([acme, other], org="acme")] == [
        "several-organizations",
        "org-mismatch",
    ]


def test_built_in_roles_cannot_be_declared() -> None:
    assert only([resource("Role", "owner", {"permissions": ["*:*"]})]).code == "built-in-role"


def test_one_address_twice() -> None:
    assert only([policy("a"), policy("a", priority=5)]).code == "duplicate-resource"


@pytest.mark.parametrize(
    ("parents", "cycles"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, []),
        ({"a": ["a"]}, ["Policy/a -> Policy/a"]),
        ({"a": ["b"], "b": ["a"]}, ["Policy/a -> Policy/b -> Policy/a"]),
        ({"c": ["b"], "b": ["a"], "a": ["c"]}, ["Policy/a -> Policy/c -> Policy/b -> Policy/a"]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, []),
        ({"a": ["b"], "b": ["b"]}, ["Policy/b -> Policy/b"]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}, ["Policy/a -> Policy/b", "Policy/c -> Policy/d"]),
    ],
)
def test_circles_of_extends_are_shown(parents: dict[str, list[str]], cycles: list[str]) -> None:
    found = check_references([policy(name, extends=[f"Policy/{p}" for p in ups]) for name, ups in parents.items()])
    assert [item.code for item in found] == ["extends-cycle"] * len(cycles)
    for item, cycle in zip(found, cycles, strict=True):
        assert cycle in item.message
        assert item.pointer == "/spec/extends/0"


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=3, unique=True), max_size=7))
def test_a_circle_is_found_exactly_when_there_is_one(edges: dict[int, list[int]]) -> None:
    graph = {name: [parent for parent in parents if parent in edges] for name, parents in edges.items()}
    found = check_references([policy(f"p{n}", extends=[f"Policy/p{p}" for p in ups]) for n, ups in graph.items()])
    left = dict(graph)
    while free := [name for name, parents in left.items() if not any(parent in left for parent in parents)]:
        for name in free:
            del left[name]
    assert {item.code for item in found} == ({"extends-cycle"} if left else set())


def test_a_long_chain_and_a_dense_graph_take_no_time() -> None:
    chain = [policy(f"p{n}", extends=[f"Policy/p{n + 1}"]) for n in range(3000)] + [policy("p3000")]
    dense = [policy(f"p{n}", extends=[f"Policy/p{(n * 7 + k) % 500}" for k in range(16)]) for n in range(500)]
    wrong = [policy(f"p{n}", appliesTo={"groups": [f"missing-{n}"]}) for n in range(3000)]
    groups = [resource("Group", f"group-{n}") for n in range(3000)]
    started = time.process_time()
    assert check_references(chain) == []
    assert len(check_references(dense)) <= 100
    assert len(check_references(wrong + groups)) == 3000
    assert time.process_time() - started < 10


@settings(max_examples=60, deadline=None)
@given(orgs(), st.randoms(use_true_random=False))
def test_the_order_of_resources_does_not_matter(resources: list[Resource], order: random.Random) -> None:
    shuffled = order.sample(resources, len(resources))
    assert check_references(shuffled, org="acme") == check_references(resources, org="acme")


@settings(max_examples=60, deadline=None)
@given(orgs())
def test_pointers_of_references_lead_to_the_name(resources: list[Resource]) -> None:
    for item in resources:
        for reference in references_of(item):
            value: Any = canonical_resource(item)
            for token in reference.pointer.split("/")[1:]:
                value = value[int(token)] if isinstance(value, list) else value[token]
            assert value in {reference.name, f"{reference.kind}/{reference.name}"}
