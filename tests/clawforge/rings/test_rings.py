"""Which changes reach machines slowly, and which ring a machine is in."""

from __future__ import annotations

from typing import Any

import pytest

from clawforge.fleet_drift import Standing
from clawforge.load.resource import parse_resource
from clawforge.meaning import VerdictWord
from clawforge.resolve.membership import Membership
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.meta import Resource
from clawforge.resource.rollout_rule import RolloutRule
from clawforge.rings.choice import is_gradual, rollout_rule, rollout_words
from clawforge.rings.order import RingOrder

RINGS = [
    {"name": "canaries", "appliesTo": {"tags": {"ring": ["canary"]}}, "bake": "30m"},
    {"name": "engineers", "appliesTo": {"groups": ["eng"], "except": {"users": ["ann@acme.example"]}}, "bake": "2h"},
]


def parsed(kind: str, name: str, **spec: Any) -> Resource:
    found = parse_resource({"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    assert not isinstance(found, list), found
    return found


def rule(**more: Any) -> RolloutRule:
    policy = parsed("ChangePolicy", "slowly", rollout={"rings": RINGS, **more})
    assert isinstance(policy, ChangePolicy)
    assert policy.spec.rollout is not None
    return policy.spec.rollout


@pytest.mark.parametrize(
    ("effects", "gradual"),
    [
        ("loosen", {"looser", "mixed", "unknown"}),
        ("tighten", {"tighter", "mixed", "unknown"}),
        ("any", {"looser", "tighter", "mixed", "unknown"}),
    ],
)
def test_what_was_not_proved_counts_as_both(effects: str, gradual: set[VerdictWord]) -> None:
    words: tuple[VerdictWord, ...] = ("tighter", "equal", "looser", "mixed", "unknown")
    assert {word for word in words if is_gradual(rule(effects=effects), word)} == gradual


def test_the_first_change_policy_that_says_so_counts() -> None:
    found = {name: parsed("ChangePolicy", name, rollout={"rings": RINGS[at:]}) for at, name in ((0, "b"), (1, "a"))}
    chosen = rollout_rule({item.address: item for item in (*found.values(), parsed("ChangePolicy", "0"))})
    assert chosen is not None
    assert rollout_words(chosen) == "in 1 ring over 2h: engineers for 2h, then everybody"
    assert rollout_rule({}) is None


def test_a_machine_is_in_the_first_ring_that_means_it() -> None:
    people = [
        parsed("User", "ann", email="ann@acme.example"),
        parsed("Group", "eng", members={"users": ["ann"], "instances": ["build-1"]}),
    ]
    order = RingOrder(rule().rings, Membership(people))

    def ring(name: str = "m", user: str = "dev", groups: tuple[str, ...] = (), **tags: str) -> int:
        return order.of(Standing(name, user, groups, tuple(sorted(tags.items())), None, None))

    assert ring(groups=("eng",), ring="canary") == 0
    assert ring(groups=("eng",)) == 1
    assert ring("build-1") == 1
    assert ring(user="ann") == ring(user="ANN@acme.example") == 2
    assert ring() == 2


@pytest.mark.parametrize(
    "rollout",
    [
        {"rings": []},
        {"rings": [RINGS[0], RINGS[0]]},
        {"rings": [{**RINGS[0], "bake": "0s"}]},
        {"rings": [{**RINGS[0], "bake": "31d"}]},
        {"rings": [{**RINGS[0], "appliesTo": {"contexts": ["work"]}}]},
        {"rings": [{**RINGS[0], "appliesTo": {"agents": ["main"]}}]},
        {"rings": RINGS, "halt": {"errors": {"share": "101%"}}},
        {"rings": RINGS, "halt": {"denials": {"factor": 1}}},
    ],
)
def test_what_makes_no_order_is_refused(rollout: dict[str, Any]) -> None:
    document = {"apiVersion": "clawforge/v1", "kind": "ChangePolicy", "metadata": {"name": "p"}}
    assert isinstance(parse_resource({**document, "spec": {"rollout": rollout}}), list)
