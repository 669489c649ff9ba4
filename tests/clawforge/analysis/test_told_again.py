"""What a change means, remembered and told again at another moment, is what it is found to mean then."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from verdict_check import changes

from clawforge.analysis.meaning import is_timeless, meaning_of, told_again
from clawforge.analysis.world import World
from clawforge.load.resource import parse_resource
from clawforge.meaning import Meaning
from clawforge.position import ResourcePosition
from clawforge.resource.meta import Resource

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
Sides = tuple[list[Resource], list[Resource]]


def positions_of(sides: Sides, line: int) -> tuple[dict[str, ResourcePosition], dict[str, ResourcePosition]]:
    before, after = (
        {item.address: ResourcePosition(file=f"{line}.yaml", line=line, fields={}) for item in side} for side in sides
    )
    return before, after


def meant(sides: Sides, at: dt.datetime, line: int) -> Meaning:
    return meaning_of(World(*sides, at), positions_of(sides, line))


@given(changes(), st.timedeltas(dt.timedelta(seconds=1), dt.timedelta(days=500)))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_timeless_change_means_the_same_later(sides: Sides, later: dt.timedelta) -> None:
    then = NOON + dt.timedelta(seconds=int(later.total_seconds()))
    if is_timeless(World(*sides, NOON)):
        assert told_again(meant(sides, NOON, 1), positions_of(sides, 7), then) == meant(sides, then, 7)


TIMED = {
    "schedule": {"schedule": {"windows": [{"from": "2026-11-01T00:00:00Z", "until": "2026-11-21T00:00:00Z"}]}},
    "nothing": {},
}


def policy(name: str, deny: list[str], **spec: object) -> Resource:
    found = parse_resource(
        {
            "apiVersion": "clawforge/v1",
            "kind": "Policy",
            "metadata": {"name": name},
            "spec": {"appliesTo": "everyone", "tools": {"deny": deny}, **spec},
        }
    )
    assert not isinstance(found, list), found
    return found


@pytest.mark.parametrize("timed", TIMED)
def test_only_what_no_time_changes_is_timeless(timed: str) -> None:
    base = policy("default", [])
    sides = ([base, policy("more", ["exec"], mode="overlay", **TIMED[timed])], [base])
    later = NOON + dt.timedelta(days=9)
    same = told_again(meant(sides, NOON, 1), positions_of(sides, 1), later) == meant(sides, later, 1)
    assert is_timeless(World(*sides, NOON)) is same is (timed == "nothing")


def test_places_and_moments_are_those_of_now() -> None:
    sides = ([policy("default", [])], [policy("default", ["exec"])])
    meaning = told_again(meant(sides, NOON, 1), positions_of(sides, 9), NOON + dt.timedelta(hours=1))
    assert meaning.tighter is not None
    assert meaning.tighter.at == meaning.at == NOON + dt.timedelta(hours=1)
    stale = told_again(meant(sides, NOON, 1), positions_of(sides, 1), NOON)
    assert stale != meaning
