"""A model that takes over what another one worked out answers as one that was made from nothing."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import SECTIONS, resource
from verdict_check import changes

from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SUBJECTS = [
    Subject(user=user, groups=groups, instance=instance)
    for user in ("alice", "bob", "nobody")
    for groups in ((), ("eng",), ("fin", "ops"))
    for instance in (None, "i-1")
]


def answers(model: OrgModel) -> list[Resolution]:
    return [model.resolve(subject, NOON) for subject in SUBJECTS]


@given(changes())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_taken_over_changes_no_answer(change: tuple[list[Resource], list[Resource]]) -> None:
    before, after = (OrgModel(side) for side in change)
    wanted = answers(after)
    answers(before)
    taken = OrgModel(change[1], previous=before)
    assert answers(taken) == wanted
    assert answers(OrgModel(change[0], previous=taken)) == answers(before)


@st.composite
def changed_chains(draw: st.DrawFn) -> tuple[list[Resource], list[Resource]]:
    """Policies for everyone of which each extends the one before, or two; one of them says something else after."""
    count = draw(st.integers(2, 4))

    def link(number: int) -> Resource:
        parents = [f"Policy/p-{one}" for one in range(max(0, number - 2), number)]
        spec = {"appliesTo": "everyone", "mode": "overlay" if number else "base", "extends": parents, **draw(SECTIONS)}
        return resource("Policy", f"p-{number}", spec)

    chain = [link(number) for number in range(count)]
    place = draw(st.integers(0, count - 1))
    return chain, [*chain[:place], link(place), *chain[place + 1 :]]


@given(changed_chains())
@settings(max_examples=60, deadline=None)
def test_what_a_chain_of_policies_says_is_taken_over_only_where_it_is_the_same(
    change: tuple[list[Resource], list[Resource]],
) -> None:
    before = OrgModel(change[0])
    answers(before)
    assert answers(OrgModel(change[1], previous=before)) == answers(OrgModel(change[1]))


def test_what_a_changed_parent_says_is_not_taken_over() -> None:
    child = resource("Policy", "child", {"appliesTo": "everyone", "extends": ["Policy/parent"]})
    parents = [
        resource("Policy", "parent", {"appliesTo": {"users": ["carol"]}, "tools": {"deny": [tool]}})
        for tool in ("exec", "read")
    ]
    before = OrgModel([child, parents[0]])
    old = answers(before)
    taken = answers(OrgModel([child, parents[1]], previous=before))
    assert taken == answers(OrgModel([child, parents[1]])) != old
