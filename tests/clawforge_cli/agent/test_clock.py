"""Time cannot be set back, and signed time cannot be escaped."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st
from signing_world import NOON

from clawforge_cli.agent.clock import Clock, monotonic_seconds, wall_clock

HOUR = dt.timedelta(hours=1)


class Hands:
    """A wall clock and a monotonic clock that tests move."""

    def __init__(self) -> None:
        self.wall = NOON
        self.monotonic = 100.0

    def clock(self, floor: dt.datetime = NOON) -> Clock:
        return Clock(floor, wall=lambda: self.wall, monotonic=lambda: self.monotonic)


def test_a_clock_set_back_goes_on() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall = NOON - dt.timedelta(days=3650)
    hands.monotonic += 3600
    assert clock.now() == clock.decision_time() == NOON + HOUR


def test_a_clock_that_is_behind_at_the_start_begins_where_time_was_seen_to_be() -> None:
    assert Hands().clock(NOON + HOUR).now() == NOON + HOUR


def test_a_clock_set_ahead_ends_leases_but_does_not_move_schedules() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.learn(NOON)
    hands.wall = NOON + 24 * HOUR
    hands.monotonic += 60
    assert clock.now() == NOON + 24 * HOUR
    assert clock.decision_time() == NOON + dt.timedelta(minutes=1)


def test_the_servers_time_corrects_a_slow_clock() -> None:
    hands = Hands()
    hands.wall = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    clock = hands.clock(hands.wall)
    clock.learn(NOON)
    hands.monotonic += 5
    assert clock.now() == clock.decision_time() == NOON + dt.timedelta(seconds=5)


def test_an_old_answer_teaches_nothing() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.learn(NOON)
    hands.monotonic += 3600
    clock.learn(NOON + dt.timedelta(minutes=1))
    assert clock.decision_time() == NOON + HOUR


@given(
    steps=st.lists(
        st.tuples(st.integers(-100_000, 100_000), st.integers(0, 10_000), st.none() | st.integers(-9999, 9999)),
        max_size=12,
    )
)
def test_time_passes_at_least_as_fast_as_the_monotonic_clock(steps: list[tuple[int, int, int | None]]) -> None:
    hands = Hands()
    clock = hands.clock()
    passed = 0
    for wall, elapsed, server in steps:
        before = clock.decision_time() if server is not None else None
        hands.wall = NOON + dt.timedelta(seconds=wall)
        hands.monotonic += elapsed
        passed += elapsed
        if server is not None:
            clock.learn(NOON + dt.timedelta(seconds=server))
        assert clock.now() >= NOON + dt.timedelta(seconds=passed)
        assert clock.now() >= hands.wall
        assert before is None or clock.decision_time() is not None


def test_the_real_clocks_tick() -> None:
    assert monotonic_seconds() <= monotonic_seconds()
    assert wall_clock().tzinfo is dt.UTC
