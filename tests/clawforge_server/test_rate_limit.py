"""Failures are counted for each client, in bounded memory."""

from __future__ import annotations

import pytest
from server_app import MovableClock

from clawforge_server.auth.rate_limit import FailureLimit, RateLimitedError


def exhausted(limit: FailureLimit, address: str) -> None:
    for _ in range(100):
        limit.check(address)
        limit.failed(address)


def test_a_window_ends_after_a_minute(clock: MovableClock) -> None:
    limit = FailureLimit(clock)
    exhausted(limit, "192.0.2.1")
    with pytest.raises(RateLimitedError) as caught:
        limit.check("192.0.2.1")
    assert caught.value.retry_after == 60
    clock.move(seconds=60)
    limit.check("192.0.2.1")
    limit.failed("192.0.2.1")
    limit.check("192.0.2.1")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "192.0.2.1", False),
    ],
)
def test_who_counts_as_one_client(clock: MovableClock, first: str, second: str, same: bool) -> None:
    limit = FailureLimit(clock)
    exhausted(limit, first)
    if same:
        with pytest.raises(RateLimitedError):
            limit.check(second)
    else:
        limit.check(second)


def test_memory_is_bounded(clock: MovableClock) -> None:
    limit = FailureLimit(clock)
    for number in range(12_000):
        limit.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(limit._windows) == 10_000
