"""Which changes give rights, to whom, and who may make them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from clawforge.access.change_targets import change_targets, may_change
from clawforge.access.escalation import Gain, Side, exceeding, gains, owners
from clawforge.access.model import AccessModel
from clawforge.access.rights import ALL_RIGHTS, Right, Rights, Scope, Target
from clawforge.load.resource import parse_resource
from clawforge.resource.meta import Resource

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
FEDERATED = {"issuer": "https://ci.example", "audience": "clawforge", "subject": "repo:acme/policies"}


def made(kind: str, name: str, **spec: Any) -> Resource:
    found = parse_resource({"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    assert not isinstance(found, list), found
    return found


WORLD = {
    item.address: item
    for item in (
        made("Organization", "acme", sso={"issuer": "https://sso.example", "clientId": "clawforge"}),
        made("User", "ann", email="ann@acme.example"),
        made("User", "bob", email="bob@acme.example"),
        made("User", "off", email="off@acme.example", state="suspended"),
        made("Group", "ops", members={"users": ["ann"]}),
        made("Role", "fleet", permissions=["instances:revoke"]),
        made("RoleBinding", "fleet", role="fleet", subjects={"groups": ["ops"]}),
        made("RoleBinding", "owners", role="owner", subjects={"users": ["ann", "off"]}),
        made("RoleBinding", "ci", role="approver", subjects={"serviceAccounts": ["ci"]}),
        made(
            "ServiceAccount", "ci", permissions=["plans:apply"], networks=["192.0.2.0/24"], federated=FEDERATED
        ),
        made("ServiceAccount", "old", permissions=["audit:read"], expires="2026-01-01T00:00:00Z"),
        made("ServiceAccount", "brief", permissions=["audit:read"], expires="2026-11-21T12:00:00Z"),
        made("Policy", "default", appliesTo="everyone"),
    )
}  # fmt: skip


def side(resources: dict[str, Resource]) -> Side:
    return Side(resources, AccessModel.of(resources.values()))


def gained(*changes: Resource, gone: tuple[str, ...] = ()) -> dict[str, set[str]]:
    after = {**WORLD, **{item.address: item for item in changes}}
    for address in gone:
        del after[address]
    changed = [*(item.address for item in changes), *gone]
    found: dict[str, set[str]] = {}
    for gain in gains(side(WORLD), side(after), changed, NOW):
        found.setdefault(gain.holder, set()).add(gain.right.permission)
    return found


def service_account(**changes: Any) -> Resource:
    spec = {"permissions": ["plans:apply"], "networks": ["192.0.2.0/24"], "federated": FEDERATED}
    return made("ServiceAccount", "ci", **{key: value for key, value in {**spec, **changes}.items() if value})


CI = {
    "plans:apply", "plans:approve", "plans:read", "state:read", "revisions:read", "decisions:read", "skills:read",
    "skills:review", "reconcilers:read", "rollouts:read",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), {}),
        ([made("Policy", "default", appliesTo="everyone", tools={"deny": ["exec"]})], {}),
        ([made("User", "cat", email="cat@acme.example")], {}),
        ([made("Role", "fleet", permissions=["instances:revoke", "state:read"])], {}),
        (
            [made("Group", "ops", members={"users": ["ann", "bob"]})],
            {"user:bob": {"instances:revoke"}},
        ),
        (
            [made("Group", "ops", members={"users": ["ann"], "claims": ["everybody"]})],
            {"claim:everybody": {"instances:revoke"}},
        ),
        (
            [made("RoleBinding", "x", role="fleet", subjects={"users": ["bob"]})],
            {"user:bob": {"instances:revoke"}},
        ),
        (
            [made("RoleBinding", "x", role="fleet", subjects={"users": ["bob"]}, scope={"groups": ["ops"]})],
            {"user:bob": {"instances:revoke"}},
        ),
        ([made("User", "off", email="off@acme.example")], {"user:off": {"*:*"}}),
        ([service_account(permissions=["plans:apply", "tokens:create"])], {"service-account:ci": {"tokens:create"}}),
        ([service_account(federated=None)], {"service-account:ci": CI}),
        ([service_account(federated={**FEDERATED, "subject": "repo:eve/fork"})], {"service-account:ci": CI}),
        ([service_account(networks=["192.0.2.0/25"])], {}),
        ([service_account(expires="2027-01-01T00:00:00Z")], {}),
        ([made("ServiceAccount", "brief", permissions=["audit:read"], expires="2026-11-20T18:00:00Z")], {}),
        (
            [made("ServiceAccount", "brief", permissions=["audit:read"], expires="2027-11-20T18:00:00Z")],
            {"service-account:brief": {"audit:read"}},
        ),
        (
            [made("ServiceAccount", "brief", permissions=["audit:read"])],
            {"service-account:brief": {"audit:read"}},
        ),
        ([service_account(networks=["192.0.2.0/24", "0.0.0.0/0"])], {"service-account:ci": CI}),
        ([service_account(networks=None)], {"service-account:ci": CI}),
        ([made("ServiceAccount", "old", permissions=["audit:read"])], {"service-account:old": {"audit:read"}}),
    ],
)  # fmt: skip
def test_what_a_change_gives(changes: list[Resource], expected: dict[str, set[str]]) -> None:
    assert gained(*changes) == expected


def test_another_email_is_another_person() -> None:
    assert gained(made("User", "ann", email="eve@acme.example")) == {"user:ann": {"*:*", "instances:revoke"}}


def test_another_sign_on_may_make_anybody_anybody() -> None:
    eve = made("Organization", "acme", sso={"issuer": "https://eve.example", "clientId": "clawforge"})
    assert gained(eve) == {"user:ann": {"*:*", "instances:revoke"}}
    assert gained(made("Organization", "acme")) == {}


def test_taking_rights_away_gives_none() -> None:
    assert gained(gone=("RoleBinding/owners", "Role/fleet", "Group/ops", "User/bob")) == {}


def test_who_holds_a_right_may_give_it_and_nobody_else() -> None:
    right = Right("plans:apply", Scope(sources=frozenset({"a"})), "RoleBinding/x")
    gain = Gain("user:bob", right)
    assert exceeding(ALL_RIGHTS, [gain]) == ()
    assert exceeding(Rights((Right("plans:*", Scope(sources=frozenset({"a", "b"}))),)), [gain]) == ()
    assert exceeding(Rights((Right("plans:*", Scope(sources=frozenset({"b"}))),)), [gain]) == (gain,)
    assert str(gain) == "plans:apply over sources a for user:bob through RoleBinding/x"


def test_suspended_owners_and_scoped_ones_are_none() -> None:
    assert owners(AccessModel.of(WORLD.values())) == {"ann"}
    assert owners(AccessModel.of(WORLD.values(), ["ann"])) == frozenset()
    scoped = made("RoleBinding", "owners", role="owner", subjects={"users": ["ann"]}, scope={"sources": ["a"]})
    assert owners(AccessModel.of({**WORLD, scoped.address: scoped}.values())) == frozenset()


def policy(name: str, applies_to: Any, **spec: Any) -> Resource:
    return made("Policy", name, appliesTo=applies_to, **spec)


def targets(before: list[Resource], after: list[Resource], *changed: str) -> tuple[Target, ...]:
    sides = [{item.address: item for item in items} for items in (before, after)]
    return change_targets("policies", changed, *sides)


ENG = Rights((Right("plans:create", Scope(groups=frozenset({"eng"}))),))


def test_a_change_for_members_of_a_group_is_about_that_group() -> None:
    narrow = [policy("p", {"groups": ["eng"], "tags": {"env": ["prod"]}})]
    wide = [policy("p", {"groups": ["eng", "ops"]})]
    only = Target(frozenset({"eng"}), "Policy", "policies")
    assert targets([], narrow, "Policy/p") == (only,)
    assert may_change(ENG, "plans:create", "policies", targets(narrow, [], "Policy/p"))
    assert not may_change(ENG, "plans:create", "policies", targets(narrow, wide, "Policy/p"))
    assert not may_change(ENG, "plans:create", "policies", targets(wide, narrow, "Policy/p")), "ops lose it"
    assert not may_change(ENG, "plans:create", "policies", targets([], [policy("p", "everyone")], "Policy/p"))
    assert not may_change(ENG, "plans:create", "policies", targets([], [policy("p", {"users": ["a"]})], "Policy/p"))


def test_a_parent_is_about_whomever_its_children_are_for() -> None:
    parent = policy("parent", {"groups": ["eng"]})
    child = policy("child", "everyone", extends=["Policy/parent"])
    grandchild = policy("leaf", {"groups": ["ops"]}, extends=["Policy/child"])
    assert may_change(ENG, "plans:create", "policies", targets([parent], [], "Policy/parent"))
    for before, after in (([parent, child], []), ([], [parent, child, grandchild])):
        assert not may_change(ENG, "plans:create", "policies", targets(before, after, "Policy/parent"))


def test_kinds_sources_and_environments_bound_a_change() -> None:
    changed = targets([], [policy("p", "everyone")], "Policy/p")

    def held(**scope: Any) -> bool:
        parts = {name: frozenset(names) for name, names in scope.items()}
        return may_change(Rights((Right("plans:create", Scope(**parts)),)), "plans:create", "policies", changed)

    assert held(kinds=["Policy"])
    assert held(kinds=["Policy"], sources=["policies"])
    assert not held(kinds=["Role"])
    assert not held(sources=["other"])
    assert not held(environments=["prod"]), "which environment a plan is for is the client's word"


def test_a_plan_without_changes_needs_a_right_over_its_source() -> None:
    assert may_change(ENG, "plans:create", "policies", ())
    assert not may_change(ENG, "plans:apply", "policies", ())
    other = Rights((Right("plans:create", Scope(sources=frozenset({"other"}))),))
    assert not may_change(other, "plans:create", "policies", ())
