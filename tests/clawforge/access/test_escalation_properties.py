"""Whatever changes: if nothing exceeds the applier, nobody ends up with more than they had and the applier has."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clawforge.access.escalation import Side, exceeding, gains
from clawforge.access.model import AccessModel
from clawforge.access.rights import BUILT_IN, Rights, Target
from clawforge.load.resource import parse_resource
from clawforge.resource.meta import Resource

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
USERS, GROUPS, ROLES, CLAIMS = ("ann", "bob"), ("eng", "ops"), ("one", "two"), ("x", "y")
PERMISSIONS = st.sampled_from(["plans:read", "plans:apply", "plans:*", "*:read", "tokens:create", "*:*"])
APPLIER = "applier"


def some(names: tuple[str, ...]) -> Any:
    return st.lists(st.sampled_from(names), unique=True, max_size=2)


def made(kind: str, name: str, spec: dict[str, Any]) -> Resource:
    found = parse_resource({"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    assert not isinstance(found, list), found
    return found


@st.composite
def worlds(draw: Any) -> dict[str, Resource]:
    resources = [made("User", APPLIER, {"email": "applier@acme.example"})]
    for user in draw(some(USERS)):
        state = draw(st.sampled_from(["active", "active", "suspended"]))
        resources.append(made("User", user, {"email": f"{user}@acme.example", "state": state}))
    people = [item.metadata.name for item in resources]
    for group in GROUPS:
        members = {"users": draw(some(tuple(people))), "claims": draw(some(CLAIMS))}
        resources.append(made("Group", group, {"members": members}))
    for role in ROLES:
        resources.append(made("Role", role, {"permissions": draw(st.lists(PERMISSIONS, min_size=1, max_size=2))}))
    accounts = draw(st.booleans())
    if accounts:
        resources.append(made("ServiceAccount", "ci", {"permissions": draw(st.lists(PERMISSIONS, max_size=2))}))
    for number in range(draw(st.integers(0, 3))):
        subjects = {"users": draw(some(tuple(people))), "groups": draw(some(GROUPS))}
        if accounts and draw(st.booleans()):
            subjects["serviceAccounts"] = ["ci"]
        if not any(subjects.values()):
            continue
        scope = draw(st.sampled_from([{}, {}, {"groups": ["eng"]}, {"sources": ["a"]}, {"sources": ["a", "b"]}]))
        binding = {"role": draw(st.sampled_from((*ROLES, "auditor"))), "subjects": subjects, "scope": scope}
        resources.append(made("RoleBinding", f"b{number}", binding))
    return {item.address: item for item in resources}


QUESTIONS = [
    (permission, Target(groups, None, source))
    for permission, groups, source in product(
        ("plans:read", "plans:apply", "tokens:create", "audit:read", "new:thing"),
        (None, frozenset({"eng"}), frozenset({"ops"})),
        (None, "a", "b", "c"),
    )
]


def allowed(rights: Rights) -> set[int]:
    given_by_files = Rights(tuple(right for right in rights.rights if right.via != BUILT_IN))
    return {index for index, question in enumerate(QUESTIONS) if given_by_files.allows(*question)}


def holders(access: AccessModel) -> dict[tuple[str, tuple[str, ...]], Rights]:
    """What everybody holds by what they bring. Claims count whether somebody is declared and active or not: who brings
    them is the identity provider's word, and what they give was given before."""
    found = {
        (user, claims): Rights(
            (
                *access.rights_of_user(user, claims).rights,
                *(r for c in claims for r in access.rights_of_claim(c).rights),
            )
        )
        for user in (APPLIER, *USERS)
        for claims in ((), ("x",), ("y",), ("x", "y"))
    }
    return {**found, ("ci", ()): access.rights_of_service_account("ci")}


@settings(max_examples=150, deadline=None)
@given(worlds(), worlds())
def test_nobody_gets_more_than_they_had_and_the_applier_has(
    before: dict[str, Resource], after: dict[str, Resource]
) -> None:
    sides = [Side(world, AccessModel.of(world.values())) for world in (before, after)]
    applier = sides[0].access.rights_of_user(APPLIER)
    changed = [address for address in {**before, **after} if before.get(address) != after.get(address)]
    over = exceeding(applier, gains(*sides, changed, NOW))
    old, new = holders(sides[0].access), holders(sides[1].access)
    ceiling = allowed(applier)
    excess = {who for who, rights in new.items() if not allowed(rights) <= allowed(old[who]) | ceiling}
    if not over:
        assert excess == set()
    named = {gain.holder.partition(":")[2] for gain in over}
    for user, claims in excess:
        assert named & {user, *claims}


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_a_change_of_nothing_gives_nothing(world: dict[str, Resource]) -> None:
    side = Side(world, AccessModel.of(world.values()))
    assert gains(side, side, list(world), NOW) == ()


@settings(max_examples=60, deadline=None)
@given(worlds(), worlds())
def test_whoever_holds_everything_may_give_everything(before: dict[str, Resource], after: dict[str, Resource]) -> None:
    owner = made("RoleBinding", "owner", {"role": "owner", "subjects": {"users": [APPLIER]}})
    before = {**before, owner.address: owner}
    assume(before != after)
    sides = [Side(world, AccessModel.of(world.values())) for world in (before, after)]
    assert exceeding(sides[0].access.rights_of_user(APPLIER), gains(*sides, [*before, *after], NOW)) == ()
