"""Waiting for machines: as long as an answer can be expected, and no longer than was said."""

from __future__ import annotations

from typing import Any

import pytest

from clawforge.errors import ForbiddenError, InputError, NotFoundError, UnavailableError
from clawforge.rollout import Rollout
from clawforge.wire_drift import AgentCounts, FleetDrift
from clawforge_cli.rollout_wait import await_rollout, check_may_ask, parse_wait


def drift(revision: int = 2, **counts: int) -> FleetDrift:
    return FleetDrift(org="acme", revision=revision, counts=AgentCounts.model_validate(counts, by_name=True))


class Plane:
    """Answers one after the other, the last one again and again; time passes only while somebody sleeps."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.seconds = 0.0
        self.told: list[Rollout] = []

    def drift(self, limit: int) -> FleetDrift:
        assert limit == 0
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        found: FleetDrift = answer
        return found

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def wait(self, patience: float) -> Rollout:
        client: Any = self
        return await_rollout(client, 2, patience, self.told.append, sleep=self.sleep, monotonic=lambda: self.seconds)


BEHIND, DONE = drift(total=2, in_force=1, behind=1), drift(total=2, in_force=2)


def test_it_ends_when_all_enforce_it() -> None:
    plane = Plane(BEHIND, BEHIND, DONE)
    assert plane.wait(600).is_complete
    assert plane.asked == 3
    assert [found.enforcing for found in plane.told] == [1, 1, 2]


def test_nobody_waits_for_what_is_offline() -> None:
    plane = Plane(drift(total=2, in_force=1, offline=1))
    assert not plane.wait(600).is_complete
    assert plane.asked == 1


def test_it_ends_in_time_and_asks_ever_less_often() -> None:
    plane = Plane(BEHIND)
    assert plane.wait(60).behind == 1
    assert 60 <= plane.seconds < 60.1
    assert plane.asked < 25


def test_an_answer_from_before_the_apply_counts_for_nothing() -> None:
    plane = Plane(drift(revision=1, total=2, in_force=2), DONE)
    assert plane.wait(600).revision == 2
    assert plane.asked == 2


def test_a_control_plane_that_is_away_for_a_while_is_asked_again() -> None:
    away = UnavailableError("It is away.")
    assert Plane(away, away, DONE).wait(600).is_complete
    with pytest.raises(UnavailableError):
        Plane(away).wait(5)
    with pytest.raises(ForbiddenError):
        Plane(ForbiddenError("No.")).wait(600)


def test_who_may_not_see_machines_is_told_before() -> None:
    absent: Any = Plane(NotFoundError("There is no such org yet."))
    check_may_ask(absent)
    blind: Any = Plane(ForbiddenError("No."))
    with pytest.raises(ForbiddenError):
        check_may_ask(blind)


def test_how_long_is_said_in_words() -> None:
    assert parse_wait(False, None) is None
    assert parse_wait(True, None) == 600
    assert parse_wait(False, "90s") == parse_wait(True, "90s") == 90
    with pytest.raises(InputError):
        parse_wait(True, "long")
