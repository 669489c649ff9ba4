"""A line of access names what made it so, and not what happened to change beside it."""

from __future__ import annotations

import datetime as dt

import pytest
from strategies import resource

from clawforge.analysis.access_diff import access_diff
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
