"""What stops a rollout by itself: more refused calls, and more machines that fail, than before."""

from __future__ import annotations

from typing import Any

import pytest
from rollout_world import CLOSED, OPEN, Fleet, order, status, tick, world
from server_app import Api

HALT = {"halt": {"denials": {"factor": 3, "atLeast": 5}, "errors": {"share": "40%"}}}


class Reports:
    """What machines report of their calls."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._sent: dict[str, int] = {}

    def send(self, name: str, *outcomes: str) -> None:
        first = self._sent.get(name, 0) + 1
        events = [
            {"seq": seq, "at": "2026-11-20T12:00:00Z", "action": "call:decide", "outcome": outcome, "target": "exec"}
            for seq, outcome in enumerate(outcomes, start=first)
        ]
        token = self._fleet.machines[name]["credential"]
        assert self._fleet.api.post("/v1/agent/audit", token=token, json={"events": events}).status_code == 200
        self._sent[name] = first + len(outcomes) - 1


@pytest.fixture
def fleet(api: Api) -> Fleet:
    api.apply(world(CLOSED, **HALT))
    return Fleet(api)


@pytest.fixture
def reports(fleet: Fleet) -> Reports:
    return Reports(fleet)


def look(api: Api) -> dict[str, Any]:
    """The rollout after time enough for a look."""
    api.clock.move(seconds=11)
    tick(api)
    return status(api)


def test_a_spike_of_refused_calls_halts_it_and_halted_it_stays(api: Api, fleet: Fleet, reports: Reports) -> None:
    reports.send("canary", *["allow"] * 19, "deny")
    api.apply(world(OPEN, **HALT))
    reports.send("canary", *["allow"] * 10)
    found = look(api)
    assert (found["state"], found["callsBefore"], found["deniedBefore"]) == ("baking", 20, 1)
    reports.send("canary", *["deny"] * 4)
    assert look(api)["state"] == "baking"
    reports.send("canary", "deny")
    found = look(api)
    assert (found["state"], found["calls"], found["denied"], found["nextAt"]) == ("halted", 15, 5, None)
    assert found["reason"] == "5 of 15 calls were refused since the ring got the change, and 1 of 20 before."
    (record,) = [item for item in api.audit() if item["action"] == "rollouts:halt"]
    assert (record["actor"], record["detail"]["reason"]) == ("server", found["reason"])
    api.clock.move(days=3)
    assert look(api)["state"] == "halted"
    assert fleet.revisions() == [2, 1, 1]


def test_whoever_resumes_it_accepts_what_was_seen(api: Api, fleet: Fleet, reports: Reports) -> None:
    api.apply(world(OPEN, **HALT))
    reports.send("canary", *["deny"] * 10, *["allow"] * 10)
    assert look(api)["state"] == "halted"
    order(api, "resume", 2)
    reports.send("canary", *["deny"] * 10, *["allow"] * 10)
    found = look(api)
    assert (found["state"], found["deniedBefore"], found["denied"]) == ("baking", 10, 10)
    api.clock.move(minutes=30)
    tick(api)
    assert fleet.revisions() == [2, 2, 1]


def test_what_other_rings_report_does_not_count(api: Api, fleet: Fleet, reports: Reports) -> None:
    api.apply(world(OPEN, **HALT))
    for name in ("engineer", "other"):
        reports.send(name, *["deny"] * 100, "error")
    found = look(api)
    assert (found["state"], found["calls"]) == ("baking", 0)


def test_a_spike_just_before_a_ring_is_due_wins(api: Api, fleet: Fleet, reports: Reports) -> None:
    api.apply(world(OPEN, **HALT))
    look(api)
    api.clock.move(minutes=30)
    reports.send("canary", *["deny"] * 5)
    tick(api)
    assert (status(api)["state"], fleet.revisions()) == ("halted", [2, 1, 1])


def test_each_ring_is_held_against_its_own_machines(api: Api, fleet: Fleet, reports: Reports) -> None:
    reports.send("engineer", *["deny"] * 50)
    api.apply(world(OPEN, **HALT))
    api.clock.move(minutes=30)
    tick(api)
    reports.send("engineer", *["deny"] * 50)
    found = look(api)
    assert (found["state"], found["ring"], found["deniedBefore"], found["denied"]) == ("baking", "engineers", 50, 50)


def test_machines_that_report_errors_halt_it(api: Api, fleet: Fleet, reports: Reports) -> None:
    api.apply(world(OPEN, **HALT))
    reports.send("canary", "error")
    found = look(api)
    assert found["state"] == "halted"
    assert found["reason"] == "1 of 1 machines of the ring report errors or crashes since then."


def test_machines_that_failed_before_halt_nothing(api: Api, fleet: Fleet, reports: Reports) -> None:
    reports.send("canary", "error")
    api.apply(world(OPEN, **HALT))
    reports.send("canary", "error")
    assert look(api)["state"] == "baking"


@pytest.mark.parametrize(("uptime", "state"), [(5, "halted"), (600, "baking")])
def test_a_host_that_crashed_since_halts_it(api: Api, fleet: Fleet, uptime: int, state: str) -> None:
    api.apply(world(OPEN, **HALT))
    api.clock.move(seconds=60)
    beat = {"uptime": uptime, "lastExit": "signal 11", "crashes": 1}
    assert api.post("/v1/agent/heartbeat", token=fleet.machines["canary"]["credential"], json=beat).status_code == 200
    api.plane.reports.flush()
    tick(api)
    assert status(api)["state"] == state


def test_a_new_revision_begins_anew_after_a_halt(api: Api, fleet: Fleet, reports: Reports) -> None:
    api.apply(world(OPEN, **HALT))
    reports.send("canary", "error")
    assert look(api)["state"] == "halted"
    api.apply(world([], **HALT))
    assert (status(api)["state"], fleet.revisions()) == ("baking", [3, 1, 1])
