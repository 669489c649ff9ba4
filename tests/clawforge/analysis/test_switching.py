"""When schedules open and shut: agrees with `is_open`, misses nothing, and says how far it looked."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import MOMENTS, SCHEDULES

from clawforge.analysis.switching import MOST_SWITCHES, TICK, SwitchFinder, never_opens_after
from clawforge.resource.schedule import boundaries, is_open
from clawforge.resource.targeting import Schedule

START = dt.datetime(2026, 3, 23, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)


def schedule(*windows: dict[str, Any], zone: str = "UTC") -> Schedule:
    return Schedule.model_validate_json(orjson.dumps({"timezone": zone, "windows": windows}), strict=True)


def read(body: dict[str, Any]) -> Schedule:
    return schedule(*body["windows"], zone=body["timezone"])


@given(SCHEDULES, MOMENTS, MOMENTS)
@settings(deadline=None)
def test_every_switch_is_found_once_and_each_is_one(body: dict[str, Any], one: dt.datetime, other: dt.datetime) -> None:
    start, end = sorted((one, other))
    found = SwitchFinder(start, end).of(read(body))
    assert found.known_until == end
    assert [switch.at for switch in found.found] == boundaries(read(body), start, end + TICK)
    for switch in found.found:
        assert is_open(read(body), switch.at) == switch.opens
        assert is_open(read(body), switch.at - TICK) != switch.opens


@given(SCHEDULES, MOMENTS, st.integers(min_value=0, max_value=20_000))
@settings(deadline=None)
def test_with_little_room_it_says_how_far_it_looked(body: dict[str, Any], start: dt.datetime, firings: int) -> None:
    end = start + dt.timedelta(days=60)
    found = SwitchFinder(start, end, firings).of(read(body))
    early = [switch.at for switch in found.found if switch.at <= found.known_until]
    assert early == (boundaries(read(body), start, found.known_until + TICK) if found.known_until > start else [])
    for switch in found.found[len(early) :]:
        assert switch.fixed
        assert is_open(read(body), switch.at) == switch.opens != is_open(read(body), switch.at - TICK)


def test_what_is_written_with_its_moment_is_told_apart() -> None:
    mixed = schedule(
        {"cron": "0 18 * * *", "duration": "1h"},
        {"from": "2026-03-24T06:00:00Z", "until": "2026-03-25T18:00:00Z"},
    )
    found = SwitchFinder(START, START + dt.timedelta(days=3)).of(mixed).found
    assert [(f"{switch.at:%d %H}", switch.opens, switch.fixed) for switch in found] == [
        ("23 18", True, False),
        ("23 19", False, False),
        ("24 06", True, True),
        ("25 19", False, False),
    ]


def test_the_end_counts_and_the_start_does_not() -> None:
    span = schedule({"from": "2026-03-23T00:00:00Z", "until": "2026-03-24T00:00:00Z"})
    assert [s.at for s in SwitchFinder(START, START + dt.timedelta(days=1)).of(span).found] == [
        START + dt.timedelta(days=1)
    ]
    assert SwitchFinder(START, START + dt.timedelta(days=1) - TICK).of(span).found == ()


def test_a_schedule_that_fires_every_minute_costs_no_more_for_ten_years_than_for_one() -> None:
    end = START + 10 * YEAR
    often = schedule({"cron": "* * * * *", "duration": "30s"}, {"until": "2030-01-01T00:00:00Z"})
    found = SwitchFinder(START, end).of(often)
    assert found.known_until < end
    assert len(found.found) < 3 * MOST_SWITCHES
    always = schedule({"cron": "* * * * *", "duration": "366d"})
    assert SwitchFinder(START, end).of(always).found == ()
    assert SwitchFinder(START, end).of(always).known_until == START


def test_all_schedules_together_are_bounded() -> None:
    finder = SwitchFinder(START, START + YEAR)
    known = [
        finder.of(schedule({"cron": f"{minute}-59 * * * *", "duration": f"{seconds}s"}))
        for minute in range(20)
        for seconds in range(1, 41)
    ]
    assert sum(len(item.found) for item in known) < 1_000_000
    assert known[-1].known_until == START


@pytest.mark.parametrize(
    ("windows", "over"),
    [
        ([{"until": "2026-03-23T00:00:00Z"}], True),
        ([{"until": "2026-03-23T00:00:00Z"}, {"until": "2026-03-24T00:00:00Z"}], False),
        ([{"from": "2026-03-20T00:00:00Z"}], False),
        ([{"until": "2026-03-23T00:00:00Z"}, {"cron": "0 18 * * *", "duration": "1h"}], False),
    ],
)
def test_whether_it_is_over_for_good(windows: list[dict[str, Any]], over: bool) -> None:
    assert never_opens_after(schedule(*windows), START) is over
