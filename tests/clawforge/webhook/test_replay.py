"""What was here before is known for a while, and neither memory nor pace grows without bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clawforge.webhook.pace import Pace
from clawforge.webhook.replay import REMEMBERED, Replays
from clawforge.webhook.signature import TOLERANCE


def test_a_webhook_is_new_once() -> None:
    replays = Replays()
    assert replays.is_new("a", 0)
    assert not replays.is_new("a", REMEMBERED - 1)
    assert replays.is_new("b", REMEMBERED - 1)
    assert replays.is_new("a", REMEMBERED)


def test_a_dated_webhook_is_forgotten_only_when_it_is_too_old() -> None:
    """Sent with a clock that is five minutes ahead, it is accepted for ten minutes."""
    assert REMEMBERED > 2 * TOLERANCE


def test_memory_is_bounded() -> None:
    replays = Replays()
    for number in range(10_000):
        assert replays.is_new(str(number), 0)
    assert len(replays._seen) == 4_096
    assert not replays.is_new("9999", 0)


@given(st.lists(st.floats(0, 5), max_size=60))
def test_a_pace_is_never_exceeded(pauses: list[float]) -> None:
    pace, now, done = Pace(5, 0.5), 0.0, 0
    for pause in pauses:
        now += pause
        if pace.may("a", now):
            pace.count("a", now)
            done += 1
    assert done <= 5 + 0.5 * now + 1e-6


def test_keys_do_not_share_a_pace_and_are_bounded() -> None:
    pace = Pace(1, 0.001)
    for number in range(3_000):
        assert pace.may(str(number), 0)
        pace.count(str(number), 0)
        assert not pace.may(str(number), 0)
    assert len(pace._left) == 1_024


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    pace = Pace(1, 1)
    pace.count("a", 100)
    assert not pace.may("a", 50)
