"""Resources of before mean the same people after a rename."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.load.resource import parse_resource
from clawforge.plan import Action, Base, Change, Plan, Summary
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.meta import Resource
from clawforge.rings.later_names import names_after, rule_under_later_names, under_later_names

NAMES = ("ann", "bea", "cyd", "dan", "eve")


def parsed(kind: str, name: str, **spec: Any) -> Resource:
    found = parse_resource({"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    assert not isinstance(found, list), found
    return found


def by_address(*resources: Resource) -> dict[str, Resource]:
    return {item.address: item for item in resources}


def plan_of(renamed: dict[str, str], deleted: tuple[str, ...] = ()) -> Plan:
    """No more of a plan than is asked for."""
    moves = [
        Change(address=f"User/{later}", action=Action.MOVE, previous=f"User/{former}")
        for former, later in renamed.items()
    ]
    gone = [Change(address=f"User/{name}", action=Action.DELETE) for name in deleted]
    return Plan.model_construct(
        org="acme",
        source="policies",
        base=Base(revision=1, digest="d"),
        digest="d",
        state_digest="d",
        summary=Summary(),
        changes=(*moves, *gone),
    )


def org(people: dict[str, str]) -> dict[str, Resource]:
    """Five people, each with an own guardrail, group, role and exception; `people` says what each is called."""
    found: list[Resource] = [parsed("Policy", "base", appliesTo="everyone", mode="base", tools={"allow": ["*"]})]
    for mark, name in people.items():
        found += [
            parsed("User", name, email=f"{mark}@acme.example"),
            parsed("Group", f"g-{mark}", members={"users": [name]}),
            parsed("RoleBinding", f"r-{mark}", role="viewer", subjects={"users": [name]}),
            parsed("Policy", f"p-{mark}", appliesTo={"users": [name]}, mode="guardrail", tools={"deny": ["read"]}),
            parsed("Policy", f"t-{mark}", appliesTo={"groups": [f"g-{mark}"]}, mode="guardrail"),
            parsed(
                "Policy", f"x-{mark}", appliesTo={"roles": ["viewer"], "except": {"users": [name]}}, mode="guardrail"
            ),
        ]
    return by_address(*found)


def what_matches(resources: dict[str, Resource], name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    model = OrgModel(tuple(resources.values()))
    facts = model.facts(Subject(user=name))
    matched = model.index.candidates(facts)
    return tuple(sorted(model.index.targets[item.target].address for item in matched)), facts.groups


@settings(max_examples=25, deadline=None)
@given(st.permutations((*NAMES, "kim", "liv")))
def test_everybody_gets_what_they_got_whoever_exchanged_names(later: list[str]) -> None:
    before = {name: name for name in NAMES}
    names = {former: to for former, to in zip(NAMES, later, strict=False) if former != to}
    after = under_later_names(org(before), names)
    for mark in NAMES:
        assert what_matches(after, names.get(mark, mark)) == what_matches(org(before), mark)


def test_who_had_a_name_that_is_somebody_else_s_now_is_nobody() -> None:
    after = under_later_names(org({"ann": "ann", "zoe": "zoe"}), {"ann": "zoe"})
    matched, groups = what_matches(after, "zoe")
    assert groups == {"g-ann"}
    assert "Policy/p-zoe" not in matched
    assert "User/ann" not in after


def test_what_names_nobody_that_was_renamed_stays_what_it_was() -> None:
    before = org({"ann": "ann", "bea": "bea"})
    after = under_later_names(before, {"ann": "zoe"})
    assert all(after[f"{kind}-bea"] is before[f"{kind}-bea"] for kind in ("Policy/p", "Policy/x", "Group/g"))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([({"ann": "zoe"}, ())], {"ann": "zoe"}),
        ([({"ann": "zoe"}, ()), ({"zoe": "kim"}, ())], {"ann": "kim"}),
        ([({"ann": "zoe"}, ()), ({"zoe": "ann"}, ())], {}),
        ([({"ann": "bea", "bea": "ann"}, ())], {"ann": "bea", "bea": "ann"}),
        ([({"ann": "zoe"}, ()), ({}, ("zoe",))], {}),
        ([({"ann": "zoe"}, ()), ({"bob": "zoe"}, ())], {"bob": "zoe"}),
        ([({"ann": "zoe"}, ()), ({"ann": "kim"}, ())], {"ann": "zoe"}),
    ],
    ids=["once", "twice", "and-back", "exchanged", "deleted", "taken-over", "newcomer"],
)
def test_names_are_followed_over_several_plans(
    steps: list[tuple[dict[str, str], tuple[str, ...]]], expected: dict[str, str]
) -> None:
    names: dict[str, str] = {}
    for renamed, deleted in steps:
        names = names_after(names, plan_of(renamed, deleted))
    assert names == expected


def test_a_rule_has_the_same_people_in_its_rings() -> None:
    rings = [
        {"name": "one", "appliesTo": {"groups": ["eng"], "except": {"users": ["ann"]}}, "bake": "1h"},
        {"name": "two", "appliesTo": {"users": ["ann", "bob"]}, "bake": "1h"},
        {"name": "three", "appliesTo": "everyone", "bake": "1h"},
    ]
    policy = parsed("ChangePolicy", "slowly", rollout={"rings": rings})
    assert isinstance(policy, ChangePolicy)
    assert policy.spec.rollout is not None
    rule = rule_under_later_names(policy.spec.rollout, {"ann": "zoe"})
    document = rule.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    assert [ring["appliesTo"] for ring in document["rings"]] == [
        {"groups": ["eng"], "except": {"users": ["zoe"]}}, {"users": ["bob", "zoe"]}, "everyone",
    ]  # fmt: skip
    assert type(rule).model_validate_json(rule.model_dump_json(by_alias=True, exclude_defaults=True)) == rule
