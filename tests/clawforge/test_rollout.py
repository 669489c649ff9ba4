"""How far a revision has come, in words and for whoever waits."""

from __future__ import annotations

import pytest

from clawforge.rollout import Rollout
from clawforge.wire_drift import AgentCounts, FleetDrift


def rollout(**counts: int) -> Rollout:
    return Rollout.of(FleetDrift(org="acme", revision=42, counts=AgentCounts.model_validate(counts, by_name=True)))


@pytest.mark.parametrize(
    ("counts", "words", "complete", "settled"),
    [
        (
            {"total": 1_200, "in_force": 1_198, "offline": 2},
            "1,198 of 1,200 enforcing revision 42, 2 stale",
            False,
            True,
        ),
        ({"total": 3, "in_force": 3}, "3 of 3 enforcing revision 42", True, True),
        ({"total": 3, "in_force": 2, "excepted": 1}, "2 of 2 enforcing revision 42", True, True),
        (
            {"total": 4, "in_force": 1, "behind": 2, "unacknowledged": 1},
            "1 of 4 enforcing revision 42, 2 behind, 1 with nothing yet",
            False,
            False,
        ),
        ({}, "No machine is enrolled that could enforce revision 42", True, True),
    ],
)
def test_counts(counts: dict[str, int], words: str, complete: bool, settled: bool) -> None:
    found = rollout(**counts)
    assert (found.words, found.is_complete, found.is_settled) == (words, complete, settled)
