"""Who holds what by the resources."""

from __future__ import annotations

import datetime as dt
from typing import Any

from clawforge.access.model import AccessModel
from clawforge.access.rights import Right, Target
from clawforge.load.resource import parse_resource
from clawforge.resource.meta import Resource

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def made(kind: str, name: str, **spec: Any) -> Resource:
    found = parse_resource({"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    assert not isinstance(found, list), found
    return found


def user(name: str, **spec: Any) -> Resource:
    return made("User", name, email=f"{name}@acme.example", **spec)


def bound(name: str, role: str, scope: dict[str, Any] | None = None, **subjects: Any) -> Resource:
    return made("RoleBinding", name, role=role, subjects=subjects, **({"scope": scope} if scope else {}))


def test_roles_come_by_name_by_group_and_by_claim() -> None:
    model = AccessModel.of(
        [
            user("ann"),
            user("bob"),
            made("Group", "ops", members={"users": ["bob"], "claims": ["acme-ops"]}),
            made("Role", "fleet", permissions=["instances:revoke"]),
            bound("a", "auditor", users=["ann"]),
            bound("f", "fleet", groups=["ops"]),
        ]
    )
    assert model.rights_of_user("ann").allows("audit:read")
    assert not model.rights_of_user("ann").allows("instances:revoke")
    assert model.rights_of_user("ann", ["acme-ops"]).allows("instances:revoke")
    assert Right("instances:revoke", via="RoleBinding/f") in model.rights_of_user("bob").rights
    assert model.roles_of_user("bob") == ("fleet",)
    assert model.groups_of_user("ann", ["acme-ops"]) == {"ops"}
    assert model.claims == ("acme-ops",)
    assert Right("instances:revoke", via="RoleBinding/f") in model.rights_of_claim("acme-ops").rights


def test_a_scope_bounds_what_a_binding_gives() -> None:
    model = AccessModel.of([user("ann"), bound("a", "auditor", {"groups": ["eng"]}, users=["ann"])])
    rights = model.rights_of_user("ann")
    assert not rights.allows("decisions:read")
    assert rights.allows("decisions:read", Target(groups=frozenset({"eng", "ops"})))
    assert not rights.allows("decisions:read", Target(groups=frozenset({"ops"})))


def test_suspended_unknown_and_expired_holders_hold_nothing() -> None:
    resources = [
        user("ann"),
        user("bob", state="suspended"),
        made("ServiceAccount", "ci", permissions=["plans:create"], expires="2026-11-20T12:00:01Z"),
        bound("o", "owner", users=["ann", "bob"]),
    ]
    model = AccessModel.of(resources)
    assert model.is_active("user:ann", NOW)
    assert not model.is_active("user:bob", NOW)
    assert not model.is_active("user:eve", NOW)
    assert not model.is_active("owner", NOW)
    assert model.is_active("service-account:ci", NOW)
    assert not model.is_active("service-account:ci", NOW + dt.timedelta(seconds=1))
    assert not model.is_active("service-account:eve", NOW)
    assert not model.is_active("ci", NOW), "a kind is named with its prefix"
    assert model.rights_of("user:bob").rights == ()
    assert model.rights_of("user:eve", ["x"]).rights == ()
    assert model.rights_of("instance:x").rights == ()
    stopped = AccessModel.of(resources, ["ann"])
    assert not stopped.is_active("user:ann", NOW)
    assert stopped.rights_of("user:ann").rights == ()


def test_a_service_account_has_its_own_rights_and_those_of_its_bindings() -> None:
    model = AccessModel.of(
        [made("ServiceAccount", "ci", permissions=["plans:create"]), bound("a", "approver", serviceAccounts=["ci"])]
    )
    rights = model.rights_of_service_account("ci")
    assert rights.allows("plans:create")
    assert rights.allows("plans:approve")
    assert not rights.allows("decisions:read-own"), "that is for people"
    limited = model.rights_through("service-account:ci", (), ("plans:*",))
    assert {right.permission for right in limited.rights} == {"plans:create", "plans:read", "plans:approve"}
    assert model.rights_through("service-account:ci", (), ("plans:*",)) is limited


def test_people_are_known_by_name_or_email_in_any_case() -> None:
    model = AccessModel.of([user("ann")])
    assert model.user_name("ann") == model.user_name("Ann@Acme.Example") == "ann"
    assert model.user_name("eve@acme.example") is None


def test_a_declared_role_never_stands_in_for_a_built_in_one() -> None:
    model = AccessModel.of(
        [user("ann"), made("Role", "auditor", permissions=["*:*"]), bound("a", "auditor", users=["ann"])]
    )
    assert not model.rights_of_user("ann").allows("plans:apply")
