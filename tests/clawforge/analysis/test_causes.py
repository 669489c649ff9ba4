"""A line of access names what made it so, and not what happened to change beside it."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import resource

from clawforge.analysis.access_diff import access_diff
from clawforge.analysis.causes import _matched_otherwise
from clawforge.analysis.population import Population
from clawforge.analysis.world import World

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("enforcement", ["observe", "warn"])
def test_a_policy_on_trial_is_no_cause(enforcement: str) -> None:
    user = resource("User", "dev", {"email": "dev@acme.example"})
    base = resource("Policy", "default", {"appliesTo": "everyone"})
    trial = {
        "appliesTo": {"users": ["dev"]},
        "mode": "overlay",
        "enforcement": enforcement,
        "tools": {"deny": ["exec"]},
    }
    before = [user, base, resource("Organization", "acme", {"offline": {"maxStale": "12h"}})]
    after = [*before[:2], resource("Organization", "acme", {"offline": {"maxStale": "8h"}})]
    world = World([*before, resource("Policy", "trial", trial)], after, NOON)
    lines = access_diff(world, Population(world, [])).lines
    (setting,) = [line for line in lines if line.change.kind == "setting"]
    assert setting.change.via == ("Organization/acme",)


ADDRESSES = st.lists(st.sampled_from("abcdef"), max_size=4, unique=True).map(tuple)
SIDE = st.builds(lambda common, own: SimpleNamespace(common=common, own=own), ADDRESSES, ADDRESSES)


@given(SIDE, SIDE, st.frozensets(st.sampled_from("abcdefg")))
def test_what_matches_otherwise_is_found_without_going_through_all(
    before: Any, after: Any, changed: frozenset[str]
) -> None:
    ours, theirs = ({*side.common, *side.own} for side in (before, after))
    world: Any = SimpleNamespace(changed=changed)
    seen: Any = SimpleNamespace(before=before, after=after)
    assert _matched_otherwise(world, seen) == ((ours | theirs) & changed) | (ours ^ theirs)
