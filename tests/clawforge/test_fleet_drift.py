"""Which bundle a machine should enforce is the same whether it is worked out by classes or by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import GROUPS, INSTANCES, TAGS, USERS, WEEK, orgs, resource, some

from clawforge.bundle import Counters, build_bundle, bundle_digest, strictest_offline, wanted_bundle
from clawforge.errors import InputError
from clawforge.fleet_drift import FleetComparison, Standing, WantedBundles, state_of
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

NOW = WEEK + dt.timedelta(hours=9)
MACHINES = st.builds(
    Standing,
    name=st.sampled_from((*INSTANCES, "i-3", "i-4")),
    user=st.sampled_from((*USERS, "alice@acme.example", "Bob@ACME.example", "stranger", "other@acme.example")),
    groups=some(GROUPS, least=0).map(lambda names: tuple(sorted(names))),
    tags=st.fixed_dictionaries({}, optional={tag: st.sampled_from(values) for tag, values in TAGS.items()}).map(
        lambda tags: tuple(sorted(tags.items()))
    ),
    acknowledged=st.none(),
    last_seen=st.none(),
)


def by_itself(model: OrgModel, machine: Standing) -> str:
    subject = Subject(user=machine.user, instance=machine.name, groups=machine.groups, tags=dict(machine.tags))
    bundle = build_bundle(model, subject, org="acme", counters=Counters(1, 1, 1), now=NOW, positions={})
    assert wanted_bundle(model, subject, NOW) == (bundle_digest(bundle), max(1, strictest_offline(bundle).lease))
    return bundle_digest(bundle)


@settings(deadline=None, max_examples=40)
@given(resources=orgs(count=3), machines=st.lists(MACHINES, max_size=6))
def test_classes_change_no_digest(resources: list[Resource], machines: list[Standing]) -> None:
    try:
        model = OrgModel(resources)
        alone, wanted = OrgModel(resources), WantedBundles(model, NOW)
        assert [wanted.of(item) for item in machines] == [by_itself(alone, item) for item in machines]
    except InputError:
        return  # groups of tools that the catalogue cannot expand


def overlay(name: str, who: dict[str, Any]) -> Resource:
    """A policy that tells whom it matches from everybody else."""
    return resource("Policy", name, {"appliesTo": who, "mode": "overlay", "tools": {"deny": [f"tool-{name}"]}})


TELLING = [
    resource("Policy", "base", {"appliesTo": "everyone"}),
    resource("User", "alice", {"email": "alice@acme.example"}),
    resource("User", "bob", {"email": "bob@acme.example", "state": "suspended"}),
    resource("User", "carol", {"email": "carol@acme.example"}),
    resource("User", "dave", {"email": "dave@acme.example"}),
    resource("Group", "listed", {"members": {"instances": ["i-2"]}}),
    resource("Group", "tagged", {"members": {"tags": {"env": ["lab"]}}}),
    resource("RoleBinding", "helpers", {"role": "helper", "subjects": {"users": ["dave"]}}),
    resource("Role", "helper", {"permissions": ["state:read"]}),
    overlay("user", {"users": ["carol"]}),
    overlay("stranger", {"users": ["stranger"]}),
    overlay("instance", {"instances": ["i-3"]}),
    overlay("listed", {"groups": ["listed"]}),
    overlay("tagged", {"groups": ["tagged"]}),
    overlay("enrolled", {"groups": ["enrolled"]}),
    overlay("role", {"roles": ["helper"]}),
    overlay("tag", {"tags": {"site": ["berlin"]}}),
    overlay("but", {"tags": {"env": ["dev"]}, "except": {"users": ["alice@acme.example"]}}),
]


def test_whatever_tells_two_machines_apart_gives_them_a_class_of_their_own() -> None:
    machines = [
        Standing(name, user, groups, tags, None, None)
        for name in ("i-1", "i-2", "i-3")
        for user in ("alice", "bob", "carol", "dave", "stranger", "other")
        for groups in ((), ("enrolled",))
        for tags in ((), (("env", "lab"),), (("env", "dev"),), (("site", "berlin"),))
    ]
    model = OrgModel(TELLING)
    wanted = WantedBundles(model, NOW)
    found = [wanted.of(item) for item in machines]
    assert found == [by_itself(model, item) for item in machines]
    assert len(set(found)) == wanted.classes


def standing(acknowledged: str | None, minutes: int | None) -> Standing:
    seen = None if minutes is None else NOW - dt.timedelta(minutes=minutes)
    return Standing("i-1", "alice", (), (), acknowledged, seen)


def test_how_a_machine_stands() -> None:
    since = NOW - dt.timedelta(minutes=5)
    assert state_of(standing("a", 600), "a", since) == "in-force"
    assert state_of(standing("b", 1), "a", since) == "behind"
    assert state_of(standing("b", 6), "a", since) == "offline"
    assert state_of(standing("b", None), "a", since) == "offline"
    assert state_of(standing(None, 1), "a", since) == "unacknowledged"


def test_only_the_first_are_named_and_all_are_counted() -> None:
    comparison = FleetComparison(WantedBundles(OrgModel([]), NOW), NOW, most=3)
    comparison.add(Standing(f"i-{number}", "alice", (), (), None, None) for number in range(10))
    assert comparison.counts["unacknowledged"] == 10
    assert [item.machine.name for item in comparison.differences] == ["i-0", "i-1", "i-2"]


def test_machines_that_nothing_tells_apart_are_one_class() -> None:
    wanted = WantedBundles(OrgModel([]), NOW)
    digests = {wanted.of(Standing(f"i-{number}", f"user-{number}", (), (), None, None)) for number in range(50)}
    assert (len(digests), wanted.classes) == (1, 1)
