"""Pauses between tries: never longer than the interval or five minutes, and growing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clawforge.reconcile.backoff import MOST_SECONDS, retry_pause


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.floats(5, 86_400), st.floats(0, 1e9))
def test_a_pause_has_bounds(failures: int, fraction: float, interval: float, asked: float) -> None:
    pause = retry_pause(failures, fraction, interval=interval)
    assert 0 <= pause <= min(interval, MOST_SECONDS)
    assert retry_pause(failures + 1, fraction, interval=interval) >= pause
    assert (
        min(asked, MOST_SECONDS) <= retry_pause(failures, fraction, interval=interval, at_least=asked) <= MOST_SECONDS
    )
