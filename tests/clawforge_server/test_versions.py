"""Who is out of range, since when, and who would be under a plan: the server's own word, which no agent moves."""

from __future__ import annotations

from typing import Any

import pytest
from server_app import Api, MovableClock
from server_process import company, resource

from clawforge_server.service.version_watch import watch_versions

PATH = "/v1/orgs/acme/versions"


def target(name: str = "minimum", **more: Any) -> dict[str, Any]:
    spec = {
        "appliesTo": "everyone",
        "components": {"host": {"range": ">=2026.9.6"}},
        "enforcement": "block",
        "grace": "2d",
        "message": "Ask it@acme.example.",
        **more,
    }
    return resource("VersionTarget", name, **spec)


class Machine:
    """An instance that reports what it is told to."""

    def __init__(self, api: Api, host: str | None = None, **terms: Any) -> None:
        self.api = api
        enrolled = api.enroll(**terms)
        self.name, self.credential = enrolled["instance"], enrolled["credential"]
        if host is not None:
            self.runs(host=host)

    def runs(self, **versions: str) -> None:
        answer = self.api.post("/v1/agent/heartbeat", json={"versions": versions}, token=self.credential)
        assert answer.status_code == 200, answer.text


def report(api: Api, query: str = "", **options: Any) -> Any:
    answer = api.get(PATH + query, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counted(found: Any) -> dict[str, int]:
    return {key: value for key, value in found["counts"].items() if value}


def test_grace_counts_from_when_the_server_saw_it_first(api: Api, clock: MovableClock) -> None:
    api.apply(company(target()))
    machine = Machine(api, "2026.9.1")
    found = report(api)
    assert counted(found) == {"total": 1, "inGrace": 1}
    (offender,) = found["machines"]
    (miss,) = offender["misses"]
    assert (offender["instance"], offender["user"], offender["state"]) == (machine.name, "dev", "in-grace")
    assert (miss["since"], miss["until"]) == ("2026-11-20T12:00:00Z", "2026-11-22T12:00:00Z")
    assert (miss["remedy"], miss["message"]) == ("update openclaw to >=2026.9.6", "Ask it@acme.example.")
    clock.move(days=1)
    machine.runs(host="2026.9.2")
    assert report(api)["machines"][0]["misses"][0]["since"] == "2026-11-20T12:00:00Z"
    clock.move(days=1)
    assert counted(report(api)) == {"total": 1, "blocked": 1}
    machine.runs(host="2026.9.6")
    assert counted(report(api)) == {"total": 1, "ok": 1}
    machine.runs(host="2026.9.5")
    assert report(api)["machines"][0]["misses"][0]["since"] == "2026-11-22T12:00:00Z"


def test_nobody_needs_to_ask_for_it_to_be_noted(api: Api, clock: MovableClock) -> None:
    api.apply(company(target()))
    Machine(api, "2026.9.1")
    state = api.plane.states.get("acme")
    watch_versions(api.plane, state)
    clock.move(days=3)
    assert counted(report(api)) == {"total": 1, "blocked": 1}


def test_a_policy_that_comes_later_begins_the_grace(api: Api, clock: MovableClock) -> None:
    api.apply(company())
    Machine(api, "2026.9.1")
    assert counted(report(api)) == {"total": 1, "ok": 1}
    clock.move(days=1)
    api.apply(company(target()))
    assert report(api)["machines"][0]["misses"][0]["since"] == "2026-11-21T12:00:00Z"


def test_an_instance_that_says_nothing_gets_the_same_grace_and_no_more(api: Api, clock: MovableClock) -> None:
    api.apply(company(target(), target("plugin", components={"plugin": {"range": ">=1"}}, enforcement="warn")))
    Machine(api)
    found = report(api)
    assert counted(found) == {"total": 1, "inGrace": 1}
    assert [miss["state"] for miss in found["machines"][0]["misses"]] == ["in-grace", "unknown"]
    clock.move(days=3)
    assert counted(report(api)) == {"total": 1, "blocked": 1}


def test_a_look_without_news_reads_no_machines(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.apply(company(target()))
    Machine(api, "2026.9.1")
    state = api.plane.states.get("acme")
    watch_versions(api.plane, state)
    with monkeypatch.context() as patch:
        patch.setattr(api.plane.store, "transaction", lambda: pytest.fail("read"))
        watch_versions(api.plane, state)
    Machine(api, "2026.9.1")
    watch_versions(api.plane, state)
    assert counted(report(api)) == {"total": 2, "inGrace": 2}


def test_an_approval_brings_in_a_machine_that_is_looked_at(api: Api, clock: MovableClock) -> None:
    ann = [resource("User", "ann", email="ann@acme.example")]
    admins = resource("RoleBinding", "admins", role="admin", subjects={"users": ["ann"]})
    api.apply(company(target(), *ann, admins))
    machine = Machine(api, requireApproval=True)
    assert counted(report(api)) == {}
    token = api.session("user:ann")["accessToken"]
    answer = api.post(f"/v1/orgs/acme/instances/{machine.name}/approvals", json={}, token=token)
    assert answer.status_code == 200, answer.text
    watch_versions(api.plane, api.plane.states.get("acme"))
    clock.move(days=3)
    assert counted(report(api)) == {"total": 1, "blocked": 1}


def test_a_plan_says_who_would_fall_out(api: Api) -> None:
    api.apply(company())
    old, new = Machine(api, "2026.9.1"), Machine(api, "2026.9.6")
    Machine(api, "2026.8.1", tags={"env": "lab"})
    tomorrow = target(appliesTo={"tags": {"env": ["lab"]}}, grace="0s")
    plan = api.plan(company(target("soon", grace="1d"), tomorrow))
    found = report(api, f"?plan={plan['id']}")
    assert (found["falling"], found["newlyBlocked"]) == (2, 1)
    assert [(item["before"], item["state"]) for item in found["machines"]] == [("ok", "blocked"), ("ok", "in-grace")]
    assert found["machines"][1]["instance"] == old.name
    assert new.name not in [item["instance"] for item in found["machines"]]
    assert found["machines"][1]["misses"][0]["until"] == "2026-11-21T12:00:00Z"
    assert counted(report(api)) == {"total": 3, "ok": 3}
    assert api.send_apply(plan).status_code == 200
    assert counted(report(api)) == {"total": 3, "ok": 1, "inGrace": 1, "blocked": 1}


def test_a_plan_that_cannot_be_applied_any_more_is_refused(api: Api, problem: Any) -> None:
    api.apply(company())
    plan, other = api.plan(company(target())), api.plan(company(target("other")))
    assert api.send_apply(other).status_code == 200
    problem(api.get(f"{PATH}?plan={plan['id']}"), 409, "stale-plan")
    problem(api.get(f"{PATH}?plan={other['id']}"), 409, "plan-applied")
    problem(api.get(f"{PATH}?plan=plan-nothing"), 404, "unknown-plan")
    reader = api.token("instances:read")
    problem(api.get(f"{PATH}?plan={plan['id']}", token=reader), 403, "missing-permission")


def test_selectors_and_limits(api: Api, problem: Any) -> None:
    api.apply(company(target()))
    Machine(api, "2026.9.1", tags={"env": "lab"})
    Machine(api, "2026.9.2")
    assert counted(report(api, "?select=tag:env%3Dlab")) == {"total": 1, "inGrace": 1}
    assert counted(report(api, "?select=version:host%3C2026.9.2&select=user%3Ddev")) == {"total": 1, "inGrace": 1}
    assert counted(report(api, "?select=versions%3Dok")) == {}
    found = report(api, "?limit=1")
    assert (len(found["machines"]), found["offenders"]) == (1, 2)
    assert found["versions"] == [
        {"component": "host", "version": "2026.9.1", "machines": 1, "missing": 1},
        {"component": "host", "version": "2026.9.2", "machines": 1, "missing": 1},
    ]
    problem(api.get(f"{PATH}?select=who"), 422, "bad-selector")


def test_whoever_sees_a_part_is_told_of_that_part(api: Api) -> None:
    binding = resource(
        "RoleBinding", "eng-only", role="auditor", subjects={"users": ["ann"]}, scope={"groups": ["eng"]}
    )
    people = [resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bea")]
    api.apply(company(*people, binding, target()))
    inside, outside = Machine(api, "2026.9.1"), Machine(api, "2026.9.1", user="bea")
    ann = api.session("user:ann")["accessToken"]
    found = report(api, token=ann)
    assert [item["instance"] for item in found["machines"]] == [inside.name]
    assert found["counts"]["total"] == 1
    listed = api.get("/v1/orgs/acme/instances", token=ann).json()["instances"]
    assert [item["instance"] for item in listed] == [inside.name]
    assert api.get(f"/v1/orgs/acme/instances/{outside.name}", token=ann).status_code == 403
    shown = api.get(f"/v1/orgs/acme/instances/{inside.name}", token=ann).json()
    assert shown["misses"][0]["state"] == "in-grace"
