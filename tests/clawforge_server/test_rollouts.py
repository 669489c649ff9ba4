"""Rollouts by rings: which machine is served from which revision, and what carries a rollout on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rollout_world import CLOSED, OPEN, ROLLOUT, Fleet, order, status, tick, world
from server_app import Api, MovableClock, opened_api
from server_process import resource


@pytest.fixture
def fleet(api: Api) -> Fleet:
    api.apply(world(CLOSED))
    return Fleet(api)


def test_a_loosening_comes_ring_by_ring(api: Api, fleet: Fleet) -> None:
    assert (fleet.revisions(), fleet.denied()) == ([1, 1, 1], [True] * 3)
    api.apply(world(OPEN))
    assert (fleet.revisions(), fleet.denied()) == ([2, 1, 1], [False, True, True])
    serial = fleet.bundle("other")["serial"]
    for minutes, expected in ((29, [2, 1, 1]), (1, [2, 2, 1]), (119, [2, 2, 1]), (1, [2, 2, 2])):
        api.clock.move(minutes=minutes)
        tick(api)
        assert fleet.revisions() == expected
        assert fleet.bundle("other")["serial"] >= serial
        serial = fleet.bundle("other")["serial"]
    assert fleet.denied() == [False] * 3
    found = status(api)
    assert (found["state"], found["held"], found["revision"], found["endedBy"]) == ("done", 1, 2, "server")
    assert [ring["machines"] for ring in found["rings"]] == [1, 1, 1]
    actions = [item["action"] for item in api.audit() if item["action"].startswith("rollouts:")]
    assert actions == ["rollouts:start", "rollouts:advance", "rollouts:advance"]


def test_a_tightening_reaches_everybody_at_once(api: Api, fleet: Fleet) -> None:
    api.apply(world([*CLOSED, "web_fetch"]))
    assert fleet.revisions() == [2, 2, 2]
    assert status(api) is None


@pytest.mark.parametrize(("effects", "expected"), [("tighten", [2, 1, 1]), ("any", [2, 1, 1])])
def test_it_can_be_asked_for(api: Api, effects: str, expected: list[int]) -> None:
    api.apply(world(CLOSED, effects=effects))
    fleet = Fleet(api)
    api.apply(world([*CLOSED, "web_fetch"], effects=effects))
    assert fleet.revisions() == expected


def test_what_changes_nothing_for_agents_is_not_rolled_out(api: Api, fleet: Fleet) -> None:
    api.apply(world(CLOSED, resource("User", "eve", email="eve@acme.example")))
    assert fleet.revisions() == [2, 2, 2]


def test_another_apply_begins_again_and_nobody_gets_what_did_not_bake(api: Api, fleet: Fleet) -> None:
    api.apply(world(OPEN))
    api.clock.move(minutes=30)
    tick(api)
    assert fleet.revisions() == [2, 2, 1]
    warnings = {item["code"]: item["message"] for item in api.plan(world([]))["warnings"]}
    assert "in 2 rings over 2h30m: canaries for 30m, engineers for 2h, then everybody" in warnings["rollout"]
    assert "revision 1 until it comes" in warnings["rollout-open"]
    api.apply(world([]))
    assert fleet.revisions() == [3, 1, 1]
    api.clock.move(minutes=29)
    tick(api)
    assert fleet.revisions() == [3, 1, 1]
    for minutes, expected in ((1, [3, 3, 1]), (120, [3, 3, 3])):
        api.clock.move(minutes=minutes)
        tick(api)
        assert fleet.revisions() == expected


def test_an_open_rollout_keeps_its_rings_though_it_changes_them_itself(api: Api, fleet: Fleet) -> None:
    at_once = [{"name": "all", "appliesTo": "everyone", "bake": "1s"}]
    api.apply(world(OPEN, rings=at_once))
    assert fleet.revisions() == [2, 1, 1]
    again = world(OPEN, resource("User", "eve", email="eve@acme.example"), rings=at_once)
    (said,) = [item["message"] for item in api.plan(again)["warnings"] if item["code"] == "rollout"]
    assert "canaries for 30m" in said
    api.apply(again)
    assert (fleet.revisions(), [ring.get("name") for ring in status(api)["rings"]][:2]) == (
        [3, 1, 1], ["canaries", "engineers"],
    )  # fmt: skip
    for minutes in (30, 120):
        api.clock.move(minutes=minutes)
        tick(api)
    assert (fleet.revisions(), status(api)["state"]) == ([3, 3, 3], "done")
    api.apply(world([], rings=at_once))
    assert fleet.revisions() == [4, 4, 4]


def test_a_tightening_while_a_rollout_is_open_waits_its_turn_unless_it_is_urgent(api: Api, fleet: Fleet) -> None:
    api.apply(world(OPEN))
    tighter = world(["write", "web_fetch"])
    (said,) = [item["message"] for item in api.plan(tighter)["warnings"] if item["code"] == "rollout-open"]
    assert "`apply --now`" in said
    api.apply(tighter)
    assert fleet.revisions() == [3, 1, 1]


def test_going_back_to_what_was_held_reaches_everybody(api: Api, fleet: Fleet) -> None:
    api.apply(world(OPEN))
    api.clock.move(minutes=30)
    tick(api)
    back = api.post("/v1/orgs/acme/rollbacks", json={"source": "policies", "revision": "1"}).json()
    assert api.send_apply(back).status_code == 200
    assert (fleet.revisions(), fleet.denied()) == ([3, 3, 3], [True] * 3)
    assert (status(api)["state"], status(api)["revision"]) == ("replaced", 2)
    assert "revision 1 again" in status(api)["reason"]


def send_now(api: Api, plan: dict[str, Any], token: str | None = None, **terms: Any) -> Any:
    headers = {"If-Match": f'"{plan["base"]["revision"]}"'}
    path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
    return api.post(path, json={"plan": plan, "immediate": True, **terms}, headers=headers, token=token)


def test_an_urgent_change_reaches_everybody(api: Api, fleet: Fleet, problem: Any) -> None:
    plan = api.plan(world(OPEN))
    problem(send_now(api, plan), 422, "skip-without-reason")
    assert fleet.revisions() == [1, 1, 1]
    assert send_now(api, plan, reason="an incident").status_code == 200
    assert fleet.revisions() == [2, 2, 2]
    assert status(api) is None
    (record,) = [item for item in api.audit() if item["action"] == "rollouts:skip" and item["outcome"] == "done"]
    assert (record["detail"]["reason"], record["revision"], record["target"]) == ("an incident", 2, "revision/2")


def test_an_urgent_change_ends_an_open_rollout_and_needs_the_right(api: Api, fleet: Fleet, problem: Any) -> None:
    api.apply(world(OPEN))
    plan = api.plan(world([]))
    robot = api.token("plans:*", "state:read")
    problem(send_now(api, plan, robot, reason="x"), 403, "missing-permission")
    assert fleet.revisions() == [2, 1, 1]
    assert send_now(api, plan, api.token("plans:*", "rollouts:skip"), reason="an incident").status_code == 200
    assert (fleet.revisions(), status(api)["state"]) == ([3, 3, 3], "replaced")


def test_emergencies_reach_everybody_at_once(api: Api, fleet: Fleet) -> None:
    api.apply(world(OPEN))
    serial = fleet.bundle("other")["serial"]
    assert api.post("/v1/orgs/acme/overlays", json={"scope": "org", "reason": "incident"}).status_code == 201
    assert fleet.bundle("other")["serial"] > serial
    for name in fleet.machines:
        assert [kill.scope for kill in fleet.lease(name).kill] == ["org"]
    assert fleet.revisions() == [2, 1, 1]


def test_who_is_suspended_by_the_change_itself_is_stopped_everywhere(api: Api, fleet: Fleet) -> None:
    changed = [
        resource("User", "bob", email="bob@acme.example", state="suspended")
        if item["metadata"]["name"] == "bob"
        else item
        for item in world(OPEN)
    ]
    api.apply(changed)
    bundle = fleet.bundle("other")
    assert bundle["revision"] == 1
    assert all(item["enforced"]["tools"].get("allow") == [] for item in bundle["policies"].values())


def test_a_restart_in_between_loses_nothing(tmp_path: Path, clock: MovableClock) -> None:
    with opened_api(tmp_path / "data", clock) as api:
        api.apply(world(CLOSED))
        fleet = Fleet(api)
        api.apply(world(OPEN))
        before = [fleet.bundle(name) for name in fleet.machines]
    with opened_api(tmp_path / "data", clock) as api:
        fleet.api = api
        after = [fleet.bundle(name) for name in fleet.machines]
        for one, other in zip(before, after, strict=True):
            assert one.pop("serial") < other.pop("serial")
            assert one == other
        clock.move(minutes=30)
        tick(api)
        assert fleet.revisions() == [2, 2, 1]


def test_a_clock_that_is_set_forward_shortens_nothing(api: Api, fleet: Fleet) -> None:
    api.apply(world(OPEN))
    api.clock.moment += api.clock.moment - api.clock.moment.replace(year=2025)
    tick(api)
    assert fleet.revisions() == [2, 1, 1]
    api.clock.seconds += 30 * 60
    tick(api)
    assert fleet.revisions() == [2, 2, 1]


def test_a_person_carries_it_on_halts_and_resumes_it(api: Api, fleet: Fleet, problem: Any) -> None:
    problem(order(api, "advance", 1), 409, "no-rollout")
    api.apply(world(OPEN))
    problem(order(api, "advance", 1), 409, "no-rollout")
    problem(order(api, "resume", 2), 409, "rollout-as-wanted")
    assert order(api, "halt", 2).json()["rollout"]["state"] == "halted"
    problem(order(api, "halt", 2), 409, "rollout-as-wanted")
    problem(order(api, "advance", 2), 409, "rollout-halted")
    api.clock.move(days=2)
    tick(api)
    assert fleet.revisions() == [2, 1, 1]
    assert order(api, "resume", 2).json()["rollout"]["state"] == "baking"
    tick(api)
    assert fleet.revisions() == [2, 1, 1]
    assert order(api, "advance", 2).status_code == 200
    assert fleet.revisions() == [2, 2, 1]
    assert order(api, "finish", 2).json()["rollout"]["state"] == "done"
    assert fleet.revisions() == [2, 2, 2]
    records = [item for item in api.audit() if item["action"].startswith("rollouts:") and item["outcome"] == "done"]
    assert [item["action"].partition(":")[2] for item in records] == ["start", "halt", "resume", "advance", "finish"]
    assert [item["detail"].get("reason") for item in records[1:]] == ["looked"] * 4


def test_only_whoever_may_manages_it(api: Api, fleet: Fleet, problem: Any) -> None:
    api.apply(world(OPEN))
    reader = api.token("rollouts:read")
    assert api.get(ROLLOUT, token=reader).json()["rollout"]["ring"] == "canaries"
    problem(order(api, "finish", 2, token=reader), 403, "missing-permission")
    assert fleet.revisions() == [2, 1, 1]


def test_what_speaks_of_machines_knows_what_each_should_enforce(api: Api, fleet: Fleet) -> None:
    api.apply(world(OPEN))
    fleet.acknowledge()
    counts = api.get("/v1/orgs/acme/drift").json()["counts"]
    assert (counts["total"], counts["inForce"], counts["held"], counts["behind"]) == (3, 1, 2, 0)
    listed = {item["instance"]: item for item in api.get("/v1/orgs/acme/instances").json()["instances"]}
    names = [fleet.machines[name]["instance"] for name in ("canary", "engineer", "other")]
    assert [(listed[name]["enforces"], listed[name]["revision"]) for name in names] == [
        ("in-force", 2), ("held", 1), ("held", 1),
    ]  # fmt: skip
    shown = api.get(f"/v1/orgs/acme/instances/{names[1]}").json()
    assert shown["wantedRevision"] == 1
    for user, name, revision in (("dev", names[0], 2), ("bob", names[2], 1)):
        assert api.get(f"/v1/orgs/acme/effective?user={user}&instance={name}").json()["revision"] == revision
        call = {"user": user, "instance": name, "tool": "exec", "params": {}}
        expected = "allow" if revision == 2 else "deny"
        assert api.post("/v1/orgs/acme/decide", json=call).json()["effect"] == expected
    assert api.get("/v1/orgs/acme/effective?user=bob").json()["revision"] == 2


def test_polls_that_bring_nothing_new_are_answered_from_memory(api: Api, fleet: Fleet) -> None:
    api.apply(world(OPEN))
    for name in fleet.machines:
        fleet.bundle(name)
        assert fleet.lease(name, hot=True).bundle == fleet.digest(name)
