from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SCHEDULES

from clawforge.errors import InputError
from clawforge.resource.schedule import boundaries, is_open
from clawforge.resource.targeting import Schedule

MINUTE = dt.timedelta(minutes=1)


def schedule(zone: str, *windows: dict[str, Any]) -> Schedule:
    return Schedule.model_validate_json(orjson.dumps({"timezone": zone, "windows": windows}), strict=True)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def openings(found: Schedule, start: str, end: str) -> list[str]:
    """The open stretches of a day or two, in UTC, by stepping through every minute."""
    moment, last, result = utc(start), utc(end), []
    was = False
    while moment < last:
        now = is_open(found, moment)
        if now != was:
            result.append(f"{moment:%d %H:%M}")
        was, moment = now, moment + MINUTE
    return result


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-20T16:59:59", False),
        ("2026-11-20T17:00:00", True),  # Friday 18:00 in Berlin
        ("2026-11-21T06:59:59", True),
        ("2026-11-21T07:00:00", False),
        ("2026-11-21T18:00:00", False),  # Saturday
    ],
)
def test_a_window_opens_at_its_firing_and_shuts_after_its_duration(at: str, expected: bool) -> None:
    nights = schedule("Europe/Berlin", {"cron": "0 18 * * 1-5", "duration": "14h"})
    assert is_open(nights, utc(at)) is expected


def test_the_same_wall_clock_hour_is_another_instant_in_summer() -> None:
    evening = schedule("Europe/Berlin", {"cron": "0 18 * * *", "duration": "1h"})
    assert openings(evening, "2026-01-10T00:00", "2026-01-11T00:00") == ["10 17:00", "10 18:00"]
    assert openings(evening, "2026-07-10T00:00", "2026-07-11T00:00") == ["10 16:00", "10 17:00"]


def test_a_window_that_starts_in_the_skipped_hour_opens_right_after_it() -> None:
    """29 March 2026: 02:00 to 03:00 does not exist in Berlin; 03:00 there is 01:00 UTC."""
    early = schedule("Europe/Berlin", {"cron": "30 2 * * *", "duration": "20m"})
    assert openings(early, "2026-03-29T00:00", "2026-03-30T00:00") == ["29 01:00", "29 01:20"]


def test_a_window_that_starts_in_the_repeated_hour_opens_once() -> None:
    """25 October 2026: 02:30 comes twice in Berlin, at 00:30 and 01:30 UTC."""
    early = schedule("Europe/Berlin", {"cron": "30 2 * * *", "duration": "20m"})
    assert openings(early, "2026-10-25T00:00", "2026-10-26T00:00") == ["25 00:30", "25 00:50"]


def test_a_wildcard_hour_follows_real_time_through_the_repeated_hour() -> None:
    often = schedule("Europe/Berlin", {"cron": "0 * * * *", "duration": "10m"})
    expected = ["25 00:00", "25 00:10", "25 01:00", "25 01:10", "25 02:00", "25 02:10"]
    assert openings(often, "2026-10-24T23:30", "2026-10-25T02:30") == expected


def test_a_duration_counts_elapsed_time_across_a_clock_change() -> None:
    night = schedule("Europe/Berlin", {"cron": "0 22 * * *", "duration": "8h"})
    assert openings(night, "2026-03-28T12:00", "2026-03-29T12:00") == ["28 21:00", "29 05:00"]
    assert openings(night, "2026-10-24T12:00", "2026-10-25T12:00") == ["24 20:00", "25 04:00"]


def test_spans_may_be_left_open_on_either_side() -> None:
    freeze = schedule("UTC", {"from": "2026-12-20T00:00:00Z"})
    assert not is_open(freeze, utc("2026-12-19T23:59:59"))
    assert is_open(freeze, utc("2026-12-20T00:00:00"))
    assert is_open(freeze, utc("2200-01-01T00:00:00"))
    before = schedule("UTC", {"until": "2026-12-20T00:00:00+02:00"})
    assert is_open(before, utc("2026-12-19T21:59:59"))
    assert not is_open(before, utc("2026-12-19T22:00:00"))


def test_windows_that_touch_or_overlap_have_no_boundary_between_them() -> None:
    found = schedule(
        "UTC",
        {"cron": "0 8 * * *", "duration": "4h"},
        {"cron": "0 12 * * *", "duration": "2h"},
        {"from": "2026-11-20T09:00:00Z", "until": "2026-11-20T10:00:00Z"},
    )
    edges = boundaries(found, utc("2026-11-20T00:00"), utc("2026-11-21T00:00"))
    assert edges == [utc("2026-11-20T08:00"), utc("2026-11-20T14:00")]


def test_boundaries_lie_strictly_inside() -> None:
    daily = schedule("UTC", {"cron": "0 0 * * *", "duration": "12h"})
    edges = boundaries(daily, utc("2026-11-20T00:00"), utc("2026-11-21T00:00"))
    assert edges == [utc("2026-11-20T12:00")]


def test_a_moment_without_a_zone_or_far_outside_the_calendar_is_refused() -> None:
    daily = schedule("Europe/Berlin", {"cron": "0 0 * * *", "duration": "12h"})
    with pytest.raises(InputError, match="no time zone"):
        is_open(daily, dt.datetime(2026, 1, 1))
    for year in (1, 9999):
        with pytest.raises(InputError, match="outside"):
            is_open(daily, dt.datetime(year, 1, 1, tzinfo=dt.UTC))


# The nights on which clocks change in Berlin, New York and on Lord Howe (by half an hour), and a plain day.
NIGHTS = ("03-08", "03-29", "04-04", "06-10", "10-03", "10-25", "11-01")
STARTS = st.sampled_from([utc(f"2026-{night}T{hour:02}:00") for night in NIGHTS for hour in (0, 4, 13)])


@given(SCHEDULES, STARTS, st.integers(min_value=0, max_value=59))
@settings(max_examples=60, deadline=None)
def test_openness_is_constant_between_boundaries(spec: dict[str, Any], start: dt.datetime, second: int) -> None:
    found = schedule(spec["timezone"], *spec["windows"])
    end = start + dt.timedelta(hours=5)
    edges = [start, *boundaries(found, start, end), end]
    assert edges == sorted(set(edges))
    for opens, shuts in pairwise(edges):
        expected = is_open(found, opens)
        moment = opens.replace(second=second)
        while moment < shuts:
            assert moment < opens or is_open(found, moment) is expected, (moment, edges)
            moment += MINUTE


@given(SCHEDULES, STARTS)
@settings(max_examples=60, deadline=None)
def test_every_boundary_changes_something(spec: dict[str, Any], start: dt.datetime) -> None:
    found = schedule(spec["timezone"], *spec["windows"])
    for edge in boundaries(found, start, start + dt.timedelta(days=1)):
        assert is_open(found, edge) is not is_open(found, edge - dt.timedelta(seconds=1))
