"""What stops a rollout by itself, and what does not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.resource.rollout_rule import DenialSpike, ErrorSpike, HaltRules
from clawforge.rings.spike import Calls, RingHealth, spike

DENIALS = HaltRules(denials=DenialSpike(factor=3, at_least=5))
COUNTS = st.integers(0, 200)


def health(before: tuple[int, int] = (0, 0), since: tuple[int, int] = (0, 0), failing: int = 0) -> RingHealth:
    return RingHealth(Calls(*before), Calls(*since), machines=10, failing=failing)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_spike_is_a_share_so_many_times_as_large(total: int, denied: int, total_now: int, denied_now: int) -> None:
    before, since = (total + denied, denied), (total_now + denied_now, denied_now)
    usual = Fraction(denied, before[0]) if before[0] else Fraction(0)
    share = Fraction(denied_now, since[0]) if since[0] else Fraction(0)
    expected = denied_now >= 5 and share > 3 * usual
    assert (spike(DENIALS, health(before, since)) is not None) is expected


@pytest.mark.parametrize(("failing", "share", "halts"), [(0, "0%", False), (1, "0%", True), (1, "10%", False),
                                                         (2, "10%", True), (10, "100%", False)])  # fmt: skip
def test_more_failing_machines_than_the_share_are_too_many(failing: int, share: str, halts: bool) -> None:
    rules = HaltRules(errors=ErrorSpike(share=share))
    assert (spike(rules, health(failing=failing)) is not None) is halts


def test_what_is_left_out_stops_nothing() -> None:
    assert spike(HaltRules(), health(since=(1_000, 1_000), failing=10)) is None
