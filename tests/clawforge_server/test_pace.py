"""The rate of requests, held against a bucket that is filled drop by drop."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_app import MovableClock

from clawforge_server.auth.pace import Pace, Rate


@dataclass
class Bucket:
    """The oracle: a bucket of tokens, refilled continuously, in exact arithmetic."""

    rate: Rate
    tokens: Fraction = field(init=False)
    seen: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        self.tokens = Fraction(self.rate.burst)

    def take(self, now: Fraction) -> bool:
        self.tokens = min(Fraction(self.rate.burst), self.tokens + (now - self.seen) * self.rate.per_minute / 60)
        self.seen = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


# Waits are multiples of a sixteenth of a second and rates divide a minute evenly, so that floats are exact.
@given(
    rate=st.builds(Rate, st.sampled_from([60, 120, 240, 960]), st.integers(1, 8)),
    waits=st.lists(st.integers(0, 64), max_size=60),
)
def test_it_lets_through_what_the_bucket_lets_through(rate: Rate, waits: list[int]) -> None:
    clock = MovableClock()
    pace, bucket, now = Pace(clock, rate), Bucket(rate), Fraction(0)
    for wait in waits:
        clock.move(seconds=wait / 16)
        now += Fraction(wait, 16)
        assert (pace.take("a") == 0) is bucket.take(now)


def test_the_wait_that_it_names_is_enough_and_not_too_long(clock: MovableClock) -> None:
    pace = Pace(clock, Rate(60, 2))
    assert [pace.take("a"), pace.take("a")] == [0, 0]
    left = pace.take("a")
    assert left == pytest.approx(1)
    clock.move(seconds=left / 2)
    assert pace.take("a") == pytest.approx(left / 2)
    clock.move(seconds=left / 2)
    assert pace.take("a") == 0


def test_one_does_not_pay_for_another(clock: MovableClock) -> None:
    pace = Pace(clock, Rate(60, 1))
    assert pace.take("a") == 0
    assert pace.take("a") > 0
    assert pace.take("b") == 0


def test_a_key_may_have_a_rate_of_its_own(clock: MovableClock) -> None:
    pace = Pace(clock, Rate(60, 1))
    assert [pace.take("org", Rate(60, 3)) for _ in range(4)][:3] == [0, 0, 0]
    assert pace.take("org", Rate(60, 3)) > 0


def test_what_is_given_back_was_not_taken(clock: MovableClock) -> None:
    pace = Pace(clock, Rate(60, 1))
    pace.give_back("a")
    for _ in range(5):
        assert pace.take("a") == 0
        pace.give_back("a")
    assert [pace.take("a") == 0, pace.take("a") == 0] == [True, False]


def test_a_raised_rate_counts_at_once(clock: MovableClock) -> None:
    pace, slow, fast = Pace(clock, Rate(1, 5)), Rate(1, 5), Rate(60, 1)
    assert [pace.take("a", slow) for _ in range(5)] == [0] * 5
    assert pace.take("a", slow) > 0
    assert pace.take("a", fast) == 0


def test_memory_is_bounded(clock: MovableClock) -> None:
    pace = Pace(clock, Rate(60, 1), most_keys=10)
    for number in range(1_000):
        assert pace.take(f"address-{number}") == 0
    assert len(pace._empty_at) == 10


def test_a_rate_allows_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Rate(0, 1)
