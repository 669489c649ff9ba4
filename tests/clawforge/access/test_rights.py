"""Rights against a brute-force oracle: every permission on every target of a small world, names unheard of included."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.access.permission import PERMISSIONS, beyond, common, covers, names_something
from clawforge.access.rights import ALL_RIGHTS, NO_RIGHTS, ORG_WIDE, Right, Rights, Scope, Target
from clawforge.resource.role import BUILT_IN_ROLES

RESOURCES, VERBS = ("plans", "tokens"), ("read", "apply")
NAMES = ("a", "b")
OTHER = "unheard-of"

PATTERNS = st.tuples(st.sampled_from((*RESOURCES, "*")), st.sampled_from((*VERBS, "*"))).map(":".join)
PART = st.none() | st.frozensets(st.sampled_from(NAMES), min_size=1)
SCOPES = st.builds(Scope, PART, PART, PART, st.none())
RIGHTS = st.lists(st.builds(Right, PATTERNS, SCOPES), max_size=5).map(lambda items: Rights(tuple(items)))

WORLD_PERMISSIONS = [f"{left}:{right}" for left, right in product((*RESOURCES, OTHER), (*VERBS, OTHER))]
GROUP_SETS = [None, *(frozenset(some) for n in range(4) for some in combinations((*NAMES, OTHER), n))]
WORLD_TARGETS = [
    Target(groups, kind, source)
    for groups, kind, source in product(GROUP_SETS, (None, *NAMES, OTHER), (None, *NAMES, OTHER))
]
WORLD = [(permission, target) for permission in WORLD_PERMISSIONS for target in WORLD_TARGETS]


def allowed(rights: Rights) -> set[int]:
    """What is allowed, written out one by one."""
    return {
        index
        for index, (permission, target) in enumerate(WORLD)
        if any(_allows(right, permission, target) for right in rights.rights)
    }


def _allows(right: Right, permission: str, target: Target) -> bool:
    held, wanted = right.permission.split(":"), permission.split(":")
    scope = right.scope
    return (
        all(have in ("*", want) for have, want in zip(held, wanted, strict=True))
        and (scope.groups is None or bool(scope.groups & (target.groups or frozenset())))
        and (scope.kinds is None or target.kind in scope.kinds)
        and (scope.sources is None or target.source in scope.sources)
    )


@settings(max_examples=60, deadline=None)
@given(RIGHTS)
def test_allows_is_what_the_oracle_says(rights: Rights) -> None:
    assert {index for index, question in enumerate(WORLD) if rights.allows(*question)} == allowed(rights)


@settings(max_examples=100, deadline=None)
@given(RIGHTS, RIGHTS)
def test_beyond_is_exactly_what_the_other_has_and_these_do_not(mine: Rights, other: Rights) -> None:
    found = mine.beyond(other)
    held = allowed(mine)
    for right in other.rights:
        assert (right in found) == (not allowed(Rights((right,))) <= held)


@settings(max_examples=100, deadline=None)
@given(RIGHTS, st.lists(PATTERNS, max_size=3))
def test_a_limited_credential_is_the_intersection(rights: Rights, scopes: list[str]) -> None:
    limited = rights.limited_to(scopes)
    wanted = {index for index in allowed(rights) if covers(scopes, WORLD[index][0])}
    assert allowed(limited) == wanted
    assert rights.beyond(limited) == ()


@settings(max_examples=60, deadline=None)
@given(RIGHTS)
def test_a_scoped_right_never_counts_for_the_whole_org(rights: Rights) -> None:
    unscoped = Rights(tuple(right for right in rights.rights if right.scope == Scope()))
    for permission in WORLD_PERMISSIONS:
        assert rights.allows(permission) == unscoped.allows(permission)
        assert rights.somewhere(permission) == bool(rights.over(permission))


@given(PATTERNS, PATTERNS)
def test_what_two_patterns_share(left: str, right: str) -> None:
    shared = common(left, right)
    for permission in WORLD_PERMISSIONS:
        both = covers((left,), permission) and covers((right,), permission)
        assert both == (shared is not None and covers((shared,), permission))


def test_two_rights_may_cover_a_third_together() -> None:
    one, two = Scope(sources=frozenset("a")), Scope(sources=frozenset("b"))
    both = Right("plans:apply", Scope(sources=frozenset("ab")))
    assert Rights((Right("plans:*", one), Right("plans:apply", two))).beyond(Rights((both,))) == ()
    assert Rights((Right("plans:*", one), Right("plans:read", two))).beyond(Rights((both,))) == (both,)


def test_an_absurdly_wide_scope_is_refused_rather_than_computed() -> None:
    names = [frozenset(f"{kind}{number}" for number in range(300)) for kind in "gks"]
    wide = Right("plans:apply", Scope(*names))
    halves = [
        Right("plans:apply", Scope(names[0], names[1], frozenset(f"s{n}" for n in part)))
        for part in (range(150), range(150, 300))
    ]
    assert Rights(tuple(halves)).beyond(Rights((wide,))) == (wide,)
    assert Rights((wide,)).beyond(Rights((wide,))) == ()


def test_the_ends_of_the_scale() -> None:
    assert ALL_RIGHTS.allows("anything:at-all", ORG_WIDE)
    assert NO_RIGHTS.beyond(ALL_RIGHTS) == ALL_RIGHTS.rights
    assert not NO_RIGHTS.allows("plans:read")
    assert ALL_RIGHTS.limited_to([]) == NO_RIGHTS


def test_beyond_of_plain_permissions() -> None:
    assert beyond(["plans:*"], ["plans:apply", "*:apply", "tokens:create"]) == ("*:apply", "tokens:create")


def test_every_built_in_role_names_permissions_that_exist() -> None:
    for name, permissions in BUILT_IN_ROLES.items():
        assert all(names_something(permission) for permission in permissions), name
    assert not names_something("plan:apply")
    assert all(meaning.endswith(".") for meaning in PERMISSIONS.values())


def test_only_the_owner_may_escalate() -> None:
    assert [name for name, held in BUILT_IN_ROLES.items() if covers(held, "rbac:escalate")] == ["owner"]


def test_proposing_approving_and_applying_are_three_rights() -> None:
    trio = ("plans:create", "plans:approve", "plans:apply")
    held = {name: tuple(covers(rights, item) for item in trio) for name, rights in BUILT_IN_ROLES.items()}
    assert held["policy-author"] == (True, False, False)
    assert held["approver"] == (False, True, False)
    assert not any(any(held[name]) for name in ("security-responder", "auditor", "agent", "user"))


def test_an_admin_may_give_every_built_in_role_but_the_owner_s() -> None:
    admin = Rights(tuple(Right(permission) for permission in BUILT_IN_ROLES["admin"]))
    beyond_admin = {
        name for name, held in BUILT_IN_ROLES.items() if admin.beyond(Rights(tuple(Right(item) for item in held)))
    }
    assert beyond_admin == {"owner"}
