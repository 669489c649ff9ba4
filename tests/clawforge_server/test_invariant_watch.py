"""Invariants when data changes: who comes to violate one is reported, and shut in where it says so, until released."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from deciding_agent import DecidingAgent
from server_app import NOON, MovableClock, opened_api
from server_process import company, resource

from clawforge.analysis.invariant_subject import InvariantCheck
from clawforge.errors import InputError
from clawforge.resource.policy_test import Effect

CONTRACTORS = resource("Group", "contractors", members={"claims": ["agency"]})
PEOPLE = [
    CONTRACTORS,
    resource("User", "ann", email="ann@acme.example"),
    resource("RoleBinding", "approvers", role="admin", subjects={"users": ["ann", "dev"]}),
    resource("Enrollment", "checked", users=["dev"], groups=["contractors"], requireApproval=True),
]
CLASS = {"appliesTo": {"groups": ["contractors"]}, "enforcement": "warn"}


def invariant(name: str = "no-shell", **spec: Any) -> dict[str, Any]:
    return resource("Invariant", name, **{**CLASS, "forbid": {"tools": ["exec"]}, **spec})


ALERTS, SHUTS = invariant(), invariant(onViolation="quarantine")


def open_company(*extra: dict[str, Any]) -> list[dict[str, Any]]:
    """Everybody may do everything; what only warns may be applied all the same."""
    return company(*PEOPLE, *extra, deny=[])


def records(api: Any, *actions: str) -> list[dict[str, Any]]:
    """What the log says of invariants and quarantines, newest first."""
    wanted = actions or ("invariants:violation", "instances:quarantine", "instances:release")
    return [event for event in reversed(api.audit()) if event["action"] in wanted]


def listed(api: Any, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = api.get("/v1/orgs/acme/instances").json()["instances"]
    return next(item for item in found if item["instance"] == name)


def is_shut_in(agent: DecidingAgent) -> bool:
    """Everything is denied, and the reason says why."""
    decisions = [agent.decide("read", path="/w/a"), agent.decide("exec", command="ls"), agent.decide("plugin-tool")]
    quarantined = ["in quarantine since" in item.reasons[0].message for item in decisions]
    assert len(set(quarantined)) == 1, decisions
    if quarantined[0]:
        assert all(item.effect is Effect.DENY for item in decisions)
        assert "Invariant/" in decisions[0].reasons[0].message
    else:
        assert decisions[0].effect is Effect.ALLOW
    return quarantined[0]


@pytest.fixture
def shutting(api: Any) -> Any:
    api.apply(open_company(SHUTS))
    return api


# --- a machine enrols ---------------------------------------------------------------------------------------------


def test_who_keeps_the_invariants_is_not_spoken_of(shutting: Any) -> None:
    agent = DecidingAgent(shutting, shutting.enroll())
    assert agent.poll() == 200
    assert not is_shut_in(agent)
    assert records(shutting) == []
    assert listed(shutting, agent.name)["state"] == "active"
    assert listed(shutting, agent.name)["quarantine"] == []


def test_a_violation_is_an_alert(api: Any) -> None:
    api.apply(open_company(ALERTS))
    agent = DecidingAgent(api, api.enroll(groups=["contractors"], tags={"site": "berlin"}))
    agent.poll()
    assert not is_shut_in(agent)
    (alert,) = records(api)
    assert (alert["action"], alert["actor"], alert["target"]) == (
        "invariants:violation",
        f"instance:{agent.name}",
        "Invariant/no-shell",
    )
    detail = alert["detail"]
    assert (detail["user"], detail["instances"], detail["count"], detail["reaction"]) == (
        "dev",
        [agent.name],
        1,
        "alert",
    )
    assert (detail["call"]["tool"], detail["call"]["effect"]) == ("exec", "allow")
    assert detail["why"].startswith(f"dev on {agent.name} in contractors")
    assert alert["class"] == "fleet"


def test_a_violation_shuts_the_machine_in(shutting: Any) -> None:
    agent = DecidingAgent(shutting, shutting.enroll(groups=["contractors"]))
    assert agent.poll() == 200
    assert is_shut_in(agent)
    quarantine, alert = records(shutting)
    assert (alert["action"], alert["detail"]["reaction"]) == ("invariants:violation", "quarantine")
    assert (quarantine["action"], quarantine["target"]) == ("instances:quarantine", f"instance/{agent.name}")
    assert (quarantine["before"], quarantine["after"]) == ({"state": "active"}, {"state": "quarantined"})
    shown = listed(shutting, agent.name)
    assert shown["state"] == "quarantined"
    (held_for,) = shown["quarantine"]
    assert (held_for["invariant"], held_for["at"]) == ("Invariant/no-shell", "2026-11-20T12:00:00Z")
    assert "calls exec" in held_for["why"]
    by_state = {
        state: shutting.get(f"/v1/orgs/acme/instances?state={state}").json()["instances"]
        for state in ("active", "quarantined")
    }
    assert (by_state["active"], by_state["quarantined"]) == ([], [shown])


def test_the_server_says_what_the_agent_would(shutting: Any) -> None:
    agent = DecidingAgent(shutting, shutting.enroll(groups=["contractors"]))
    agent.poll()
    body = {"user": "dev", "instance": agent.name, "tool": "read", "params": {"path": "/w/a"}}
    answer = shutting.post("/v1/orgs/acme/decide", json=body).json()
    mine = agent.decide("read", path="/w/a")
    assert (answer["effect"], answer["reasons"][0]["message"]) == ("deny", mine.reasons[0].message)


def test_a_quarantine_outlives_the_server(tmp_path: Path, clock: MovableClock) -> None:
    with opened_api(tmp_path / "data", clock) as api:
        api.apply(open_company(SHUTS))
        agent = DecidingAgent(api, api.enroll(groups=["contractors"]))
        agent.poll()
    clock.move(days=1)
    with opened_api(tmp_path / "data", clock) as api:
        api.owner = (tmp_path / "data" / "bootstrap-token").read_text()
        agent.api = api
        agent.poll()
        assert is_shut_in(agent)
        assert listed(api, agent.name)["state"] == "quarantined"


def test_a_machine_that_waits_is_looked_at_when_it_is_let_in(shutting: Any) -> None:
    minted = shutting.post("/v1/orgs/acme/enrollments", json={"template": "checked"}).json()["token"]
    enrolled = shutting.post("/v1/enroll", token="", json={"token": minted}).json()
    assert (enrolled["state"], records(shutting)) == ("pending", [])
    path = f"/v1/orgs/acme/instances/{enrolled['instance']}/approvals"
    ann = shutting.session("user:ann")["accessToken"]
    approved = shutting.post(path, json={"reason": "seen"}, token=ann)
    assert (approved.status_code, approved.json()["state"]) == (200, "quarantined")
    agent = DecidingAgent(shutting, enrolled)
    agent.poll()
    assert is_shut_in(agent)
    assert {item["actor"] for item in records(shutting)} == {"user:ann"}


def test_what_cannot_be_decided_does_not_hold(api: Any) -> None:
    crons = [
        resource(
            "Policy",
            f"night-{hour}",
            appliesTo="everyone",
            mode="overlay",
            tools={"ask": ["message"]},
            schedule={"windows": [{"cron": f"0 {hour} 1 * *", "duration": "30m"}]},
        )
        for hour in range(8)
    ]
    api.apply(open_company(SHUTS, *crons))
    agent = DecidingAgent(api, api.enroll(groups=["contractors"]))
    agent.poll()
    assert is_shut_in(agent)
    _, alert = records(api)
    assert "is not known" in alert["detail"]["why"]
    assert "call" not in alert["detail"]


def test_nobody_joins_whose_check_fails(shutting: Any, problem: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    minted = shutting.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]

    def broken(self: InvariantCheck, subject: object) -> None:
        raise InputError("The policies cannot be resolved.", code="broken")

    with monkeypatch.context() as patched:
        patched.setattr(InvariantCheck, "violations", broken)
        problem(shutting.post("/v1/enroll", token="", json={"token": minted}), 422, "broken")
    assert shutting.get("/v1/orgs/acme/instances").json()["instances"] == []
    assert shutting.post("/v1/enroll", token="", json={"token": minted}).status_code == 201, "the token keeps its use"


# --- a plan is applied --------------------------------------------------------------------------------------------


def test_an_apply_is_held_against_everybody_who_is_in(api: Any) -> None:
    closed = company(*PEOPLE, SHUTS, deny=["exec"])
    api.apply(closed)
    inside = [DecidingAgent(api, api.enroll(groups=["contractors"])) for _ in range(2)]
    outside = DecidingAgent(api, api.enroll())
    revoked = api.enroll(groups=["contractors"])["instance"]
    assert api.delete(f"/v1/orgs/acme/instances/{revoked}").status_code == 204
    for agent in (*inside, outside):
        agent.poll()
        assert not is_shut_in(agent)
    api.apply(open_company(SHUTS))
    for agent in (*inside, outside):
        agent.poll()
        assert is_shut_in(agent) is (agent in inside)
    alert = records(api, "invariants:violation")
    assert [item["detail"]["count"] for item in alert] == [2]
    assert sorted(alert[0]["detail"]["instances"]) == sorted(agent.name for agent in inside)
    assert alert[0]["revision"] == 2
    assert len(records(api, "instances:quarantine")) == 2
    api.apply(company(*PEOPLE, SHUTS, deny=["exec"]))
    for agent in inside:
        agent.poll()
        assert is_shut_in(agent), "only a person lets a machine out"


def test_who_is_shut_in_is_not_reported_again(shutting: Any) -> None:
    shutting.enroll(groups=["contractors"])
    before = records(shutting)
    shutting.apply(open_company(SHUTS, resource("Group", "other")))
    assert records(shutting) == before


def test_a_second_invariant_adds_to_the_first(shutting: Any) -> None:
    agent = DecidingAgent(shutting, shutting.enroll(groups=["contractors"]))
    second = invariant("no-web", forbid={"tools": ["web_fetch"]}, onViolation="quarantine")
    shutting.apply(open_company(SHUTS, second))
    found = listed(shutting, agent.name)["quarantine"]
    assert [item["invariant"] for item in found] == ["Invariant/no-shell", "Invariant/no-web"]
    assert records(shutting, "instances:quarantine")[0]["before"] == {"state": "quarantined"}


def test_an_apply_whose_check_fails_changes_nothing(api: Any, problem: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api.apply(company(*PEOPLE, SHUTS, deny=["exec"]))
    api.enroll(groups=["contractors"])
    plan = api.plan(open_company(SHUTS))

    def broken(self: InvariantCheck, subject: object) -> None:
        raise InputError("The policies cannot be resolved.", code="broken")

    with monkeypatch.context() as patched:
        patched.setattr(InvariantCheck, "violations", broken)
        problem(api.send_apply(plan), 422, "broken")
    assert api.get("/v1/orgs/acme/revisions").json()["revisions"][0]["number"] == 1
    assert api.send_apply(plan).status_code == 200


def test_without_invariants_nobody_looks(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: InvariantCheck, subject: object) -> None:
        raise AssertionError("there is nothing to hold against anybody")

    monkeypatch.setattr(InvariantCheck, "violations", never)
    api.apply(open_company())
    api.enroll(groups=["contractors"])
    api.session("user:dev", claims=("agency",))
    api.apply(open_company(resource("Group", "other")))


# --- a person signs in --------------------------------------------------------------------------------------------


def test_a_person_who_signs_in_with_groups(shutting: Any) -> None:
    agent = DecidingAgent(shutting, shutting.enroll())
    agent.poll()
    shutting.session("user:dev", claims=("unrelated",))
    assert records(shutting) == []
    shutting.session("user:dev", claims=("agency", "unrelated"))
    quarantine, alert = records(shutting)
    assert {alert["actor"], quarantine["actor"]} == {"user:dev"}
    assert "with the claim agency" in alert["detail"]["why"]
    assert agent.poll() == 304, "the policy is the same, the lease is not"
    assert is_shut_in(agent)


def test_a_person_without_a_machine_is_an_alert(shutting: Any) -> None:
    shutting.session("user:ann", claims=("agency",))
    (alert,) = records(shutting)
    assert (alert["detail"]["user"], alert["detail"]["instances"], alert["detail"]["count"]) == ("ann", [], 1)


def test_a_poll_that_waits_hears_of_it_at_once(shutting: Any) -> None:
    agent = DecidingAgent(shutting, shutting.enroll())
    agent.poll()

    async def wait_for_it() -> Any:
        async with shutting.client(agent.credential) as mine:
            path = "/v1/agent/policy?wait=20"
            waiting = asyncio.create_task(mine.get(path, headers=agent.tag))
            await asyncio.sleep(0.3)
            assert not waiting.done()
            await asyncio.to_thread(shutting.session, "user:dev", claims=("agency",))
            return await asyncio.wait_for(waiting, 5)

    agent.take(shutting.run(wait_for_it()))
    assert is_shut_in(agent)


def test_somebody_who_is_active_again_is_looked_at(api: Any) -> None:
    api.apply(company(*PEOPLE, SHUTS, deny=["exec"]))
    agent = DecidingAgent(api, api.enroll(groups=["contractors"]))
    assert api.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "lost"}).status_code == 201
    api.apply(open_company(SHUTS))
    assert records(api) == [], "suspended people may do nothing at all"
    assert api.delete("/v1/orgs/acme/users/dev/suspension").status_code == 200
    agent.poll()
    assert is_shut_in(agent)


# --- a machine is released ----------------------------------------------------------------------------------------


@pytest.fixture
def shut_in(shutting: Any) -> DecidingAgent:
    agent = DecidingAgent(shutting, shutting.enroll(groups=["contractors"]))
    agent.poll()
    assert is_shut_in(agent)
    return agent


def release(api: Any, name: str, *, token: str | None = None, reason: str = "looked at") -> Any:
    return api.post(f"/v1/orgs/acme/instances/{name}/releases", json={"reason": reason}, token=token)


def test_a_person_lets_it_out(shutting: Any, shut_in: DecidingAgent) -> None:
    ann = shutting.session("user:ann")["accessToken"]
    answer = release(shutting, shut_in.name, token=ann)
    assert (answer.status_code, answer.json()["state"], answer.json()["quarantine"]) == (200, "active", [])
    assert shut_in.poll() == 304
    assert not is_shut_in(shut_in)
    record = records(shutting)[0]
    assert (record["action"], record["actor"], record["detail"]["reason"]) == (
        "instances:release",
        "user:ann",
        "looked at",
    )
    assert record["detail"]["invariants"] == ["Invariant/no-shell"]
    assert (record["before"], record["after"]) == ({"state": "quarantined"}, {"state": "active"})
    assert listed(shutting, shut_in.name)["state"] == "active"


def test_who_was_released_stays_out_until_the_invariant_is_another(shutting: Any, shut_in: DecidingAgent) -> None:
    assert release(shutting, shut_in.name).status_code == 200
    shutting.apply(open_company(SHUTS, resource("Group", "other")))
    shut_in.poll()
    assert not is_shut_in(shut_in)
    assert records(shutting)[0]["action"] == "invariants:violation", "it is still said that it violates it"
    shutting.apply(open_company(invariant(onViolation="quarantine", forbid={"tools": ["exec", "process"]})))
    shut_in.poll()
    assert is_shut_in(shut_in)


def test_nobody_releases_their_own(shutting: Any, shut_in: DecidingAgent, problem: Any) -> None:
    own = shutting.session("user:dev")["accessToken"]
    problem(release(shutting, shut_in.name, token=own), 403, "own-instance")
    shut_in.poll()
    assert is_shut_in(shut_in)


def test_what_a_release_needs(shutting: Any, shut_in: DecidingAgent, problem: Any) -> None:
    problem(release(shutting, shut_in.name, reason=" "), 422, "invalid-request")
    path = f"/v1/orgs/acme/instances/{shut_in.name}/releases"
    problem(shutting.post(path, json={}), 422, "invalid-request")
    problem(release(shutting, "nobody"), 404, "unknown-instance")
    other = shutting.enroll()["instance"]
    problem(release(shutting, other), 404, "unknown-instance")
    token = shutting.token("instances:read")
    problem(release(shutting, shut_in.name, token=token), 403, "missing-permission")
    assert release(shutting, shut_in.name).status_code == 200
    problem(release(shutting, shut_in.name), 404, "unknown-instance")
    refused = [item for item in records(shutting, "instances:release") if item["outcome"] == "refused"]
    assert refused == []


def test_a_program_releases_nobody(shutting: Any, problem: Any) -> None:
    expires = (NOON + dt.timedelta(days=30)).isoformat()
    robot = resource("ServiceAccount", "robot", permissions=["instances:approve"], expires=expires)
    shutting.apply(open_company(SHUTS, robot))
    name = shutting.enroll(groups=["contractors"])["instance"]
    token = shutting.session("service-account:robot", refreshable=False)["accessToken"]
    problem(release(shutting, name, token=token), 403, "not-a-person")


def test_a_machine_that_is_revoked_in_quarantine_is_revoked(
    shutting: Any, shut_in: DecidingAgent, problem: Any
) -> None:
    assert shutting.delete(f"/v1/orgs/acme/instances/{shut_in.name}").status_code == 204
    assert listed(shutting, shut_in.name)["state"] == "revoked"
    problem(release(shutting, shut_in.name), 404, "unknown-instance")


def test_quarantines_are_of_one_org(shutting: Any, shut_in: DecidingAgent) -> None:
    other = [resource("Organization", "other"), resource("User", "dev", email="dev@other.example")]
    shutting.apply(other, org="other")
    state = shutting.plane.states.get("other")
    assert state.quarantines == ()
    assert release(shutting, shut_in.name).status_code == 200


def test_org_in_memory_and_in_the_store_are_one(shutting: Any, shut_in: DecidingAgent) -> None:
    with shutting.plane.store.transaction() as transaction:
        stored = transaction.quarantines.list("acme")
    present = shutting.plane.states.get("acme")
    assert present.quarantines == stored
    assert present.model is shutting.plane.states.get("acme").model
