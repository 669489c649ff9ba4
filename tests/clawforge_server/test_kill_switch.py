"""Kill switches: what agents do from the moment in which one is on, until a newer signed lease is without it."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from deciding_agent import DecidingAgent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_app import MovableClock, opened_api
from server_process import company, resource

from clawforge.lease import Lease, read_lease_header
from clawforge_server.service import kill_switch
from clawforge_server.service.overlay_clock import orgs_with_due_overlays, tend_overlays

OVERLAYS = "/v1/orgs/acme/overlays"
PEOPLE = [
    resource("User", "ann", email="ann@acme.example"),
    resource("User", "lead", email="lead@acme.example"),
    resource("User", "bob", email="bob@acme.example"),
    resource("Group", "kiosks"),
    resource("RoleBinding", "responders", role="security-responder", subjects={"users": ["ann", "dev"]}),
    resource(
        "RoleBinding",
        "leads",
        role="security-responder",
        subjects={"users": ["lead"]},
        scope={"groups": ["eng"]},
    ),
]


@pytest.fixture
def acme(api: Any) -> Any:
    api.apply(company(*PEOPLE, deny=[]))
    return api


@pytest.fixture
def agent(acme: Any) -> DecidingAgent:
    found = DecidingAgent(acme, acme.enroll())
    assert found.poll() == 200
    return found


def on(api: Any, scope: str = "org", **more: Any) -> dict[str, Any]:
    token = more.pop("token", None)
    answer = api.post(OVERLAYS, json={"scope": scope, "reason": "incident 7", **more}, token=token)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def off(api: Any, kill: dict[str, Any], **options: Any) -> Any:
    return api.delete(f"{OVERLAYS}/{kill['overlay']['id']}?reason=over", **options)


def listed(api: Any, query: str = "") -> list[str]:
    return [item["scope"] for item in api.get(f"{OVERLAYS}{query}").json()["overlays"]]


def records(api: Any, prefix: str = "kill:") -> list[dict[str, Any]]:
    return [event for event in api.audit() if event["action"].startswith(prefix)]


def tick(api: Any) -> None:
    """What a running server does every second."""
    for org in orgs_with_due_overlays(api.plane):
        tend_overlays(api.plane, org)


def serial(api: Any) -> int:
    return int(api.plane.states.get("acme").record.serial)


# --- how it reaches an agent --------------------------------------------------------------------------------------


def test_the_lease_of_an_unchanged_policy_stops_an_agent(acme: Any, agent: DecidingAgent) -> None:
    kill = on(acme, message="Ask Ann.")
    assert agent.poll() == 304, "the policy is the same, the lease is not"
    decision = agent.decide("read", path="/w/a")
    assert (decision.effect, decision.reasons[0].code) == ("deny", "kill-switch")
    assert decision.reasons[0].message == "The kill switch is on: Ask Ann."
    assert off(acme, kill).status_code == 200
    assert not agent.allows(), "nothing but a newer lease lets it go on"
    assert agent.poll() == 304
    assert agent.allows()


def test_a_heartbeat_is_enough(acme: Any, agent: DecidingAgent) -> None:
    kill = on(acme)
    agent.beat()
    assert not agent.allows()
    off(acme, kill)
    agent.beat()
    assert agent.allows()


def test_a_waiting_poll_ends_at_once(acme: Any, agent: DecidingAgent) -> None:
    async def waits_while(work: Any) -> Any:
        async with acme.client(agent.credential) as waiting, acme.client() as owner:
            poll = asyncio.create_task(waiting.get("/v1/agent/policy?wait=30", headers=agent.tag))
            await asyncio.sleep(0.05)
            assert not poll.done()
            await work(owner)
            return await asyncio.wait_for(poll, 10)

    async def stop(owner: Any) -> None:
        assert (await owner.post(OVERLAYS, json={"scope": "group:eng", "reason": "x"})).status_code == 201

    agent.take(acme.run(waits_while(stop)))
    assert not agent.allows()
    (kill,) = acme.get(OVERLAYS).json()["overlays"]

    async def go(owner: Any) -> None:
        assert (await owner.delete(f"{OVERLAYS}/{kill['id']}?reason=over")).status_code == 200

    agent.take(acme.run(waits_while(go)))
    assert agent.allows()


def test_a_kill_between_two_polls_is_not_waited_over(acme: Any, agent: DecidingAgent) -> None:
    seen = {"ClawForge-Serial": str(serial(acme))}
    on(acme)

    async def poll(headers: dict[str, str]) -> Any:
        async with acme.client(agent.credential) as waiting:
            return await asyncio.wait_for(waiting.get("/v1/agent/policy?wait=30", headers=headers), 10)

    agent.take(acme.run(poll({**agent.tag, **seen})))
    assert not agent.allows()
    with pytest.raises(TimeoutError):
        acme.run(asyncio.wait_for(poll({**agent.tag, "ClawForge-Serial": str(serial(acme))}), 0.2))


def test_the_first_policy_of_a_new_machine_is_killed_too(acme: Any) -> None:
    on(acme)
    agent = DecidingAgent(acme, acme.enroll())
    assert agent.poll() == 200
    assert not agent.allows()


def test_an_old_lease_does_not_clear_it(acme: Any, agent: DecidingAgent) -> None:
    before = acme.get("/v1/agent/policy", token=agent.credential, headers=agent.tag)
    on(acme)
    agent.poll()
    with pytest.raises(Exception, match="were seen"):
        agent.take(before)
    assert not agent.allows()


def test_a_server_that_kept_the_serial_would_be_found_out(
    acme: Any, agent: DecidingAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant of the tests above: a kill that is cleared under the serial that it had."""
    kill = on(acme)
    agent.poll()
    careless = kill_switch.with_present_overlays

    def same_serial(transaction: Any, state: Any, now: Any) -> Any:
        return careless(transaction, state, now).with_overlays(state.record, transaction.overlays.open("acme"))

    monkeypatch.setattr(kill_switch, "with_present_overlays", same_serial)
    off(acme, kill)
    acme.plane.bundles._bundles.clear()
    with pytest.raises(Exception, match="other content"):
        agent.poll()
    assert not agent.allows()


def test_it_survives_the_server_and_an_agent_that_hears_nothing(tmp_path: Path, clock: MovableClock) -> None:
    with opened_api(tmp_path / "data", clock) as api:
        api.apply(company(*PEOPLE, deny=[]))
        agent = DecidingAgent(api, api.enroll())
        agent.poll()
        kill = on(api)
        agent.poll()
    clock.move(hours=2)
    assert not agent.allows()
    with opened_api(tmp_path / "data", clock) as api:
        api.owner = (tmp_path / "data" / "bootstrap-token").read_text()
        agent.api = api
        agent.poll()
        assert not agent.allows()
        assert listed(api) == ["org"]
        off(api, kill)
        agent.poll()
        assert agent.allows()


def test_an_apply_erases_nothing(acme: Any, agent: DecidingAgent) -> None:
    on(acme)
    acme.apply(company(*PEOPLE, deny=["exec"]))
    assert agent.poll() == 200
    assert not agent.allows()
    assert listed(acme) == ["org"]


# --- what it stops ------------------------------------------------------------------------------------------------


def test_scopes(acme: Any) -> None:
    mine, other = DecidingAgent(acme, acme.enroll()), DecidingAgent(acme, acme.enroll("bob", groups=["kiosks"]))
    stops = {
        "group:eng": (mine,),
        "group:kiosks": (other,),
        f"instance:{mine.name}": (mine,),
        "org": (mine, other),
        "tool:group:fs": (mine, other),
        "tool:exec": (),
    }
    for scope, stopped in stops.items():
        kill = on(acme, scope)
        for agent in (mine, other):
            agent.poll()
            assert agent.allows() is (agent not in stopped), scope
            runs = scope != "tool:exec" and (agent not in stopped or scope == "tool:group:fs")
            assert agent.allows("exec", command="ls") is runs, scope
        off(acme, kill)


def test_a_stopped_tool_is_stopped_under_every_name(acme: Any, agent: DecidingAgent) -> None:
    on(acme, "tool:Bash")
    agent.poll()
    assert not agent.allows("exec", command="ls")
    assert agent.allows()


def test_the_server_says_what_the_agent_would(acme: Any, agent: DecidingAgent) -> None:
    on(acme, "group:eng", message="Later.")
    agent.poll()
    body = {"user": "dev", "instance": agent.name, "tool": "read", "params": {"path": "/w/a"}}
    answer = acme.post("/v1/orgs/acme/decide", json=body).json()
    assert answer["reasons"][0]["message"] == agent.decide("read", path="/w/a").reasons[0].message
    assert acme.post("/v1/orgs/acme/decide", json={**body, "user": "bob", "instance": None}).json()["effect"] == "allow"


@pytest.mark.parametrize(
    ("scope", "code", "hint"),
    [
        ("group:engs", "unknown-group", "Did you mean group:eng?"),
        ("group:zzz", "unknown-group", "The files declare them."),
        ("instance:lap-2", "unknown-instance", "Did you mean instance:lap-1?"),
        ("instance:zzz", "unknown-instance", "`clawforge fleet list`"),
        ("everything", "bad-scope", "Write org, group:NAME"),
    ],
)
def test_what_stops_nobody_is_refused(acme: Any, problem: Any, scope: str, code: str, hint: str) -> None:
    acme.enroll(instance="lap-1")
    refused = problem(acme.post(OVERLAYS, json={"scope": scope, "reason": "x"}), 422, code)
    assert hint in refused["hint"]
    assert listed(acme) == []
    assert [item["outcome"] for item in records(acme)] == ["refused"]


def test_a_tool_that_nobody_knows_is_stopped_with_a_warning(acme: Any) -> None:
    assert "Did you mean tool:exec?" in on(acme, "tool:exce")["warnings"][0]
    assert on(acme, "tool:exec")["warnings"] == []
    assert sorted(listed(acme)) == ["tool:exce", "tool:exec"]


# --- one scope, one kill switch -----------------------------------------------------------------------------------


def test_a_newer_reason_replaces_and_the_later_end_holds(acme: Any, clock: MovableClock) -> None:
    first = on(acme, ttl=600)
    before = serial(acme)
    again = on(acme, ttl=600)
    assert (again["wasOn"], again["overlay"]["id"]) == (True, first["overlay"]["id"])
    assert serial(acme) == before, "agents are told nothing new"
    sooner = on(acme, reason="worse than it looked", ttl=5)
    assert sooner["overlay"]["expiresAt"] == first["overlay"]["expiresAt"]
    assert serial(acme) == before + 1
    assert on(acme)["overlay"]["expiresAt"] is None
    assert on(acme, ttl=5)["overlay"]["expiresAt"] is None, "a kill is never shortened"
    (only,) = acme.get(OVERLAYS).json()["overlays"]
    assert only["reason"] == "incident 7"
    done = records(acme)
    assert [item["action"] for item in done] == ["kill:on"] * 5
    assert done[0]["before"] == {"state": "off"}
    assert (done[2]["before"]["reason"], done[2]["after"]["reason"]) == ("incident 7", "worse than it looked")
    assert {item["class"] for item in done} == {"emergency"}


def test_only_what_is_on_is_turned_off(acme: Any, problem: Any) -> None:
    kill = on(acme)
    before = serial(acme)
    ended = off(acme, kill).json()
    assert (ended["state"], ended["endedBy"], ended["endReason"]) == ("ended", "owner", "over")
    assert serial(acme) == before + 1
    assert "ended by owner" in problem(off(acme, kill), 404, "unknown-overlay")["detail"]
    problem(acme.delete(f"{OVERLAYS}/kill-x?reason=over"), 404, "unknown-overlay")
    problem(acme.delete(f"{OVERLAYS}/{kill['overlay']['id']}"), 422, "invalid-request")
    assert serial(acme) == before + 1
    assert (listed(acme), listed(acme, "?ended=5")) == ([], ["org"])


def test_a_lease_has_room_for_64_orders_and_always_one_for_the_org(acme: Any, problem: Any) -> None:
    agent = DecidingAgent(acme, acme.enroll())
    for number in range(kill_switch.MOST_KILLS):
        on(acme, f"tool:plugin.{number}")
    problem(acme.post(OVERLAYS, json={"scope": "tool:plugin.x", "reason": "x"}), 409, "too-many-kills")
    assert on(acme, "tool:plugin.1")["wasOn"]
    on(acme)
    assert len(listed(acme)) == 63
    agent.poll()
    assert not agent.allows()


def test_long_reasons_do_not_make_a_lease_too_long_for_a_header(acme: Any, problem: Any) -> None:
    agent = DecidingAgent(acme, acme.enroll())
    long = "\N{SNOWMAN}" * 500
    for number in range(7):
        on(acme, f"tool:plugin.{number}", reason=long)
    problem(acme.post(OVERLAYS, json={"scope": "tool:more", "reason": long}), 409, "too-many-kills")
    on(acme, reason=long, message="\N{SNOWMAN}" * 200)
    agent.poll()
    assert not agent.allows()
    problem(acme.post(OVERLAYS, json={"scope": "org", "reason": "x" * 501}), 422, "invalid-request")


SCOPES = ("org", "group:eng", "group:kiosks", "tool:exec", "tool:read", "tool:group:fs")
STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from(SCOPES), st.sampled_from(("a", "b"))), max_size=10)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_lease_lists_exactly_what_is_on(acme: Any, steps: list[tuple[bool, str, str]]) -> None:
    for item in acme.get(OVERLAYS).json()["overlays"]:
        off(acme, {"overlay": item})
    agent = DecidingAgent(acme, acme.enroll())
    agent.poll()
    expected: dict[str, str] = {}
    ids: dict[str, dict[str, Any]] = {}
    last = serial(acme)
    for turn_on, scope, reason in steps:
        before = dict(expected)
        if turn_on:
            ids[scope] = on(acme, scope, reason=reason)
            expected[scope] = reason
        elif expected.pop(scope, None) is not None:
            assert off(acme, ids[scope]).status_code == 200
        assert (serial(acme) > last) is (before != expected)
        last = serial(acme)
        answer = acme.get("/v1/agent/policy", token=agent.credential, headers=agent.tag)
        envelope: Any = read_lease_header(answer.headers["ClawForge-Lease"])
        lease = _lease(envelope)
        # Dev is in eng, and not in kiosks.
        wanted = {scope: why for scope, why in expected.items() if scope != "group:kiosks"}
        if "group:eng" in expected:
            wanted[f"instance:{agent.name}"] = expected["group:eng"]
        assert {order.scope: order.reason for order in lease.kill} == wanted
        assert lease.serial == last
        agent.take(answer)
        stopped = {"org", "group:eng", "tool:read", "tool:group:fs"} & set(expected)
        assert agent.allows() is not bool(stopped)


def _lease(envelope: dict[str, Any]) -> Lease:
    return Lease.model_validate_json(base64.b64decode(envelope["payload"]), strict=True)


# --- time ---------------------------------------------------------------------------------------------------------


def test_it_ends_by_itself(acme: Any, agent: DecidingAgent, clock: MovableClock, logged: io.StringIO) -> None:
    on(acme, ttl=600)
    agent.poll()
    clock.move(seconds=599)
    tick(acme)
    agent.poll()
    assert not agent.allows()
    clock.move(seconds=1)
    before = serial(acme)
    tick(acme)
    assert serial(acme) == before + 1
    agent.poll()
    assert agent.allows()
    (ended,) = acme.get(f"{OVERLAYS}?ended=1").json()["overlays"]
    assert (ended["state"], ended["endedBy"]) == ("ended", "server")
    last = records(acme)[-1]
    assert (last["action"], last["actor"], last["after"]) == ("kill:expire", "server", {"state": "off"})
    assert last["detail"]["onFor"] == "10m"
    assert json.loads(logged.getvalue().splitlines()[-1])["event"] == "kill switch ended"
    tick(acme)
    assert len(records(acme)) == 2


def test_a_clock_that_is_set_forward_ends_nothing(acme: Any, clock: MovableClock) -> None:
    on(acme, ttl=600)
    clock.moment += dt.timedelta(days=1)
    tick(acme)
    assert len(acme.get(OVERLAYS).json()["overlays"]) == 1
    clock.moment -= dt.timedelta(days=1)
    clock.move(seconds=600)
    tick(acme)
    assert acme.get(OVERLAYS).json()["overlays"] == []


def test_one_that_ended_while_the_server_was_down_ends_when_it_is_up(tmp_path: Path, clock: MovableClock) -> None:
    with opened_api(tmp_path / "data", clock) as api:
        api.apply(company(*PEOPLE, deny=[]))
        agent = DecidingAgent(api, api.enroll())
        agent.poll()
        on(api, ttl=60)
        agent.poll()
    clock.move(minutes=5)
    with opened_api(tmp_path / "data", clock) as api:
        api.owner = (tmp_path / "data" / "bootstrap-token").read_text()
        agent.api = api
        agent.poll()
        assert not agent.allows(), "until the end is written down, it holds"
        tick(api)
        agent.poll()
        assert agent.allows()


def test_the_log_is_reminded_while_it_is_on(acme: Any, clock: MovableClock, logged: io.StringIO) -> None:
    kill = on(acme, "group:eng", remindEvery=1_800)
    before = serial(acme)
    for _ in range(4):
        clock.move(minutes=20)
        tick(acme)
    reminders = [item for item in records(acme) if item["action"] == "kill:remind"]
    assert [item["detail"]["onFor"] for item in reminders] == ["40m", "1h20m"]
    assert (reminders[0]["actor"], reminders[0]["detail"]["by"]) == ("server", "owner")
    assert serial(acme) == before
    line = json.loads(logged.getvalue().splitlines()[-1])
    assert (line["event"], line["level"], line["scope"]) == ("kill switch is on", "warning", "group:eng")
    off(acme, kill)
    clock.move(hours=2)
    tick(acme)
    assert len([item for item in records(acme) if item["action"] == "kill:remind"]) == 2


def test_an_agent_cut_off_from_the_server_stays_stopped(acme: Any, agent: DecidingAgent, clock: MovableClock) -> None:
    """Its policy would let it go on offline; what it saw of the kill stays, though its time is over on the server."""
    on(acme, ttl=60)
    agent.poll()
    clock.move(hours=1)
    tick(acme)
    assert listed(acme) == []
    assert not agent.allows()


# --- who may ------------------------------------------------------------------------------------------------------


def test_a_right_over_a_group_stops_that_group(acme: Any, problem: Any) -> None:
    lead = acme.session("user:lead")["accessToken"]
    inside, outside = acme.enroll()["instance"], acme.enroll("bob")["instance"]
    mine = [on(acme, scope, token=lead) for scope in ("group:eng", f"instance:{inside}")]
    for scope in ("org", "tool:exec", "group:kiosks", f"instance:{outside}"):
        refused = acme.post(OVERLAYS, json={"scope": scope, "reason": "x"}, token=lead)
        problem(refused, 403, "outside-scope")
    hers = [on(acme, scope) for scope in ("org", "tool:exec", "group:kiosks", f"instance:{outside}")]
    for kill in hers:
        problem(off(acme, kill, token=lead), 403, "outside-scope")
    seen = sorted(item["scope"] for item in acme.get(OVERLAYS, token=lead).json()["overlays"])
    assert seen == ["group:eng", f"instance:{inside}", "org", "tool:exec"]
    for kill in mine:
        assert off(acme, kill, token=lead).status_code == 200


def test_who_was_stopped_does_not_let_themselves_go_on(acme: Any, problem: Any) -> None:
    own = acme.session("user:dev")["accessToken"]
    name = acme.enroll()["instance"]
    kill = on(acme, f"instance:{name}", token=acme.session("user:ann")["accessToken"])
    problem(off(acme, kill, token=own), 403, "own-instance")
    assert on(acme, f"instance:{name}", token=own)["wasOn"], "nor by joining in"
    problem(off(acme, kill, token=own), 403, "own-instance")
    assert off(acme, kill).status_code == 200
    mine = on(acme, f"instance:{name}", token=own)
    assert off(acme, mine, token=own).status_code == 200
    first = on(acme, f"instance:{name}", token=own)
    assert on(acme, f"instance:{name}", token=acme.session("user:ann")["accessToken"])["wasOn"]
    problem(off(acme, first, token=own), 403, "own-instance")
    assert off(acme, first).status_code == 200


# --- quarantine ---------------------------------------------------------------------------------------------------


def shut_in(api: Any, agent: DecidingAgent, **more: Any) -> Any:
    return api.post(OVERLAYS, json={"kind": "quarantine", "scope": f"instance:{agent.name}", "reason": "odd", **more})


def test_a_person_shuts_a_machine_in_and_another_lets_it_out(acme: Any, agent: DecidingAgent, problem: Any) -> None:
    other = DecidingAgent(acme, acme.enroll())
    assert shut_in(acme, agent).status_code == 201
    for machine in (agent, other):
        machine.poll()
        assert machine.allows() is (machine is other)
    assert "it is in quarantine since 2026-11-20T12:00:00Z: odd" in agent.decide("read").reasons[0].message
    (seen,) = acme.get("/v1/orgs/acme/instances?state=quarantined").json()["instances"]
    assert (seen["quarantine"][0]["by"], seen["quarantine"][0]["invariant"]) == ("owner", None)
    drift = acme.get("/v1/orgs/acme/drift").json()
    assert (drift["counts"]["excepted"], drift["exceptions"][0]["subject"]) == (1, agent.name)
    (overlay,) = acme.get(OVERLAYS).json()["overlays"]
    problem(acme.delete(f"{OVERLAYS}/{overlay['id']}?reason=x"), 422, "release-instead")
    path = f"/v1/orgs/acme/instances/{agent.name}/releases"
    own = acme.session("user:dev")["accessToken"]
    problem(acme.post(path, json={"reason": "me"}, token=own), 403, "missing-permission")
    assert acme.post(path, json={"reason": "looked at"}).json()["state"] == "active"
    agent.poll()
    assert agent.allows()
    assert listed(acme, "?ended=1") == [f"instance:{agent.name}"]
    actions = [item["action"] for item in records(acme, "instances:") if item["outcome"] == "done"]
    assert actions[-2:] == ["instances:quarantine", "instances:release"]


def test_a_quarantine_ends_by_itself_too(acme: Any, agent: DecidingAgent, clock: MovableClock) -> None:
    shut_in(acme, agent, ttl=60)
    agent.poll()
    clock.move(seconds=60)
    assert not agent.allows()
    tick(acme)
    agent.poll()
    assert agent.allows()
    assert records(acme, "instances:")[-1]["actor"] == "server"


def test_only_a_machine_is_put_into_quarantine(acme: Any, problem: Any) -> None:
    problem(acme.post(OVERLAYS, json={"kind": "quarantine", "scope": "group:eng", "reason": "x"}), 422, "bad-scope")


def test_kill_switches_are_of_one_org(acme: Any, problem: Any) -> None:
    acme.apply([resource("Organization", "other"), *company()[1:]], org="other")
    kill = on(acme)
    assert acme.get("/v1/orgs/other/overlays").json() == {"overlays": []}
    problem(acme.delete(f"/v1/orgs/other/overlays/{kill['overlay']['id']}?reason=x"), 404, "unknown-overlay")
    assert listed(acme) == ["org"]


def test_what_cannot_be_written_stops_nobody_and_says_so(
    acme: Any, agent: DecidingAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the log is full")

    with monkeypatch.context() as patched:
        patched.setattr("clawforge_server.store.sqlite.audit.SqlAudit.append", broken)
        answer = acme.post(OVERLAYS, json={"scope": "org", "reason": "x"})
        assert answer.status_code == 500
    assert listed(acme) == []
    agent.poll()
    assert agent.allows()


# --- where it is shown --------------------------------------------------------------------------------------------


def test_a_plan_shows_what_it_does_not_end(acme: Any) -> None:
    on(acme, "tool:exec", ttl=600)
    plan = acme.plan(company(*PEOPLE, deny=["read"]))
    (shown,) = plan["overlays"]
    assert (shown["kind"], shown["scope"], shown["by"], shown["until"]) == (
        "kill",
        "tool:exec",
        "owner",
        "2026-11-20T12:10:00Z",
    )
    assert acme.send_apply(plan).status_code == 200
    assert listed(acme) == ["tool:exec"]


def test_drift_lists_it_as_declared(acme: Any) -> None:
    lead = acme.session("user:lead")["accessToken"]
    outside = acme.enroll("bob")["instance"]
    for scope in ("org", "group:eng", "group:kiosks", f"instance:{outside}"):
        on(acme, scope)
    found = acme.get("/v1/orgs/acme/drift").json()
    exceptions = [item for item in found["exceptions"] if item["kind"] == "kill"]
    subjects = sorted(item["subject"] for item in exceptions)
    assert subjects == ["group:eng", "group:kiosks", f"instance:{outside}", "org"]
    assert exceptions[0]["why"] == "incident 7"
    reached = acme.get("/v1/orgs/acme/drift", token=lead).json()["exceptions"]
    assert sorted(item["subject"] for item in reached) == ["group:eng", "org"]


def with_lab(*members: str, name: str = "lab") -> list[dict[str, Any]]:
    return company(*PEOPLE, resource("Group", name, members={"users": list(members)}), deny=[])


def test_who_joined_a_group_lately_is_stopped_with_it(api: Any) -> None:
    """Nothing else changes for them, so their agents hold bundles that know nothing of the group."""
    api.apply(with_lab())
    agent = DecidingAgent(api, api.enroll())
    assert agent.poll() == 200
    api.apply(with_lab("dev"))
    assert agent.poll() == 304
    kill = on(api, "group:lab")
    assert agent.poll() == 304
    assert not agent.allows()
    api.apply(with_lab())
    agent.poll()
    assert agent.allows(), "whoever left the group is not stopped with it"
    api.apply(with_lab("dev"))
    agent.beat()
    assert not agent.allows()
    assert off(api, kill).status_code == 200
    agent.beat()
    assert agent.allows()


def test_the_switch_over_a_group_follows_its_name(api: Any) -> None:
    api.apply(with_lab("dev"))
    agent = DecidingAgent(api, api.enroll())
    agent.poll()
    on(api, "group:lab")
    plan = api.plan(with_lab("dev", name="bench"), moved=[{"from": "Group/lab", "to": "Group/bench"}])
    assert api.send_apply(plan).status_code == 200
    assert listed(api) == ["group:bench"]
    agent.poll()
    assert not agent.allows()
    (record,) = records(api, "kill:follow")
    assert (record["before"], record["after"]) == ({"scope": "group:lab"}, {"scope": "group:bench"})


def test_a_group_that_is_stopped_is_not_deleted(api: Any) -> None:
    api.apply(with_lab("dev"))
    kill = on(api, "group:lab")
    plan = api.plan(company(*PEOPLE, deny=[]))
    refused = api.send_apply(plan)
    assert (refused.status_code, refused.json()["code"]) == (409, "killed-group")
    assert kill["overlay"]["id"] in refused.json()["hint"]
    off(api, kill)
    assert api.send_apply(api.plan(company(*PEOPLE, deny=[]))).status_code == 200
