"""What stops a rollout by itself: more refused calls, and more machines that fail, than before."""

from __future__ import annotations

from typing import Any

import pytest
from rollout_world import CLOSED, OPEN, Fleet, order, status, tick, world
from server_app import Api
from server_process import resource

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


def harmed(api: Api, reports: Reports) -> dict[str, Any]:
    """A rollout of revision 2 that halted: its canary had refused nothing and failed at nothing before."""
    reports.send("canary", *["allow"] * 20)
    api.apply(world(OPEN, **HALT))
    reports.send("canary", *["deny"] * 20, "error")
    found = look(api)
    assert found["state"] == "halted"
    return found


def applied_by(api: Api, resources: list[dict[str, Any]], *permissions: str) -> dict[str, Any]:
    """What becomes of the rollout when somebody applies who holds no more than these."""
    plan = api.plan(resources)
    path, headers = f"/v1/orgs/acme/plans/{plan['id']}/apply", {"If-Match": f'"{plan["base"]["revision"]}"'}
    answer = api.post(path, json={"plan": plan}, headers=headers, token=api.token(*permissions))
    assert answer.status_code == 200, answer.text
    return status(api)


def test_what_is_halted_stays_halted_whatever_else_is_applied(api: Api, fleet: Fleet, reports: Reports) -> None:
    reason = harmed(api, reports)["reason"]
    unrelated = world(OPEN, resource("User", "eve", email="eve@acme.example"), **HALT)
    (said,) = [item["message"] for item in api.plan(unrelated)["warnings"] if item["code"] == "rollout-open"]
    assert "It stays halted unless whoever applies it holds rollouts:manage." in said
    found = applied_by(api, unrelated, "plans:*", "rollouts:read")
    assert (found["revision"], found["state"], found["reason"]) == (3, "halted", reason)
    api.clock.move(days=3)
    assert look(api)["state"] == "halted"
    assert fleet.revisions() == [3, 1, 1]
    (record,) = [item for item in api.audit() if item["action"] == "rollouts:start" and item["revision"] == 3]
    assert (record["after"]["state"], record["detail"]["reason"]) == ("halted", reason)


def test_whoever_may_resume_it_begins_anew_with_another_revision(api: Api, fleet: Fleet, reports: Reports) -> None:
    harmed(api, reports)
    found = applied_by(api, world([], **HALT), "plans:*", "rollouts:manage")
    assert (found["state"], found["reason"], fleet.revisions()) == ("baking", "", [3, 1, 1])


@pytest.mark.parametrize("permissions", [("plans:*",), ("plans:*", "rollouts:manage")])
@pytest.mark.parametrize("outcomes", [["deny"] * 20, ["error"]], ids=["denials", "errors"])
def test_the_harm_of_a_replaced_revision_is_not_what_is_usual(
    api: Api, fleet: Fleet, reports: Reports, permissions: tuple[str, ...], outcomes: list[str]
) -> None:
    harmed(api, reports)
    again = world(OPEN, resource("User", "eve", email="eve@acme.example"), **HALT)
    if applied_by(api, again, *permissions)["state"] == "halted":
        assert order(api, "resume", 3).status_code == 200
    reports.send("canary", *outcomes)
    found = look(api)
    assert (found["state"], found["callsBefore"], found["deniedBefore"]) == ("halted", 20, 0)


def test_nor_is_that_of_one_that_was_undone(api: Api, fleet: Fleet, reports: Reports) -> None:
    harmed(api, reports)
    api.apply(world(CLOSED, **HALT))
    assert (status(api)["state"], fleet.revisions()) == ("replaced", [3, 3, 3])
    api.apply(world(OPEN, **HALT))
    reports.send("canary", *["deny"] * 20)
    found = look(api)
    assert (found["state"], found["deniedBefore"]) == ("halted", 0)


def test_later_rings_are_held_against_what_was_before_it_all(api: Api, fleet: Fleet, reports: Reports) -> None:
    api.apply(world(OPEN, **HALT))
    api.clock.move(minutes=30)
    tick(api)
    reports.send("engineer", *["deny"] * 20)
    assert look(api)["state"] == "halted"
    api.apply(world([], **HALT))
    api.clock.move(minutes=30)
    tick(api)
    reports.send("engineer", *["deny"] * 20)
    found = look(api)
    assert (found["ring"], found["state"], found["deniedBefore"]) == ("engineers", "halted", 0)
