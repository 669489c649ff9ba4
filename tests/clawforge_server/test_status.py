"""The one look at an org: true, within the rights of whoever looks, and without writing anything."""

from __future__ import annotations

from typing import Any

from change_world import approve, loosen, org, propose, reject, rule, tighten
from server_app import Api, MovableClock
from server_process import company, resource

PATH = "/v1/orgs/acme/status"


def status(api: Api, **options: Any) -> Any:
    answer = api.get(PATH, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def some(found: dict[str, int]) -> dict[str, int]:
    return {key: value for key, value in found.items() if value}


def obey(api: Api, credential: str) -> None:
    digest = api.get("/v1/agent/policy", token=credential).headers["etag"].strip('"')
    answer = api.get("/v1/agent/policy", token=credential, headers={"ClawForge-Acknowledged": digest})
    assert answer.status_code == 200, answer.text


QUIET = resource(
    "Invariant",
    "quiet",
    appliesTo={"tags": {"env": ["lab"]}},
    forbid={"tools": ["write"]},
    enforcement="warn",
    onViolation="quarantine",
)


def test_it_counts_what_there_is(api: Api, clock: MovableClock) -> None:
    target = resource(
        "VersionTarget",
        "minimum",
        appliesTo={"tags": {"env": ["old"]}},
        components={"host": {"range": ">=2026.9.6"}},
        enforcement="block",
    )
    api.apply(company(QUIET, target))
    good = api.enroll()["credential"]
    obey(api, good)
    api.enroll(requireApproval=True)
    api.enroll(tags={"env": "lab"})
    obey(api, api.enroll(tags={"env": "old"})["credential"])
    clock.move(minutes=2)
    obey(api, good)
    found = status(api)
    expected = {"total": 3, "online": 1, "stale": 1, "never": 1, "enforcing": 2, "quarantined": 1, "pending": 1}
    assert some(found["fleet"]) == expected
    assert some(found["versions"]) == {"total": 3, "ok": 2, "blocked": 1}
    assert [item["invariant"] for item in found["violations"]] == ["Invariant/quiet"]
    assert (found["revision"]["number"], found["revision"]["actor"], found["suspended"]) == (1, "owner", 0)
    assert found["log"]["records"] == len(api.audit())
    api.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "lost"})
    clock.move(days=2)
    later = status(api)
    assert (later["suspended"], later["violations"]) == (1, [])
    assert later["fleet"]["offline"] == 2


def test_a_machine_that_was_shut_in_by_hand_counts_as_such(api: Api) -> None:
    api.apply(company())
    machine = api.enroll()
    obey(api, machine["credential"])
    assert some(status(api)["fleet"]) == {"total": 1, "online": 1, "enforcing": 1}
    body = {"kind": "quarantine", "scope": f"instance:{machine['instance']}", "reason": "odd"}
    assert api.post("/v1/orgs/acme/overlays", json=body).status_code == 201
    assert some(status(api)["fleet"]) == {"total": 1, "online": 1, "quarantined": 1}


def test_a_plan_waits_until_it_is_approved_or_rejected(api: Api) -> None:
    policy = rule(match={"effect": "loosen"}, count=1)
    api.apply(org(policy))
    assert status(api)["plans"] == []
    first = propose(api, "ann", loosen(policy))
    propose(api, "ann", loosen(policy))
    propose(api, "ann", tighten(policy))
    (waiting,) = status(api)["plans"]
    assert (waiting["author"], waiting["missing"]) == ("user:ann", ["change-policy"])
    assert approve(api, "bob", first).status_code == 200
    assert status(api)["plans"] == []
    assert reject(api, "cat", first).status_code == 200
    assert status(api)["plans"] == []


def test_everybody_is_told_what_is_theirs_to_know(api: Api) -> None:
    binding = resource(
        "RoleBinding", "eng-only", role="auditor", subjects={"users": ["ann"]}, scope={"groups": ["eng"]}
    )
    people = [resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bea")]
    api.apply(company(*people, binding))
    api.enroll("bea", requireApproval=True)
    api.enroll("bea")
    api.enroll(groups=["eng"])
    found = status(api, token=api.session("user:ann")["accessToken"])
    assert some(found["fleet"]) == {"total": 1, "never": 1}
    assert (found["plans"], found["violations"], found["log"], found["revision"]) == (None, None, None, None)
    narrow = status(api, token=api.token("instances:read"))
    assert narrow["fleet"]["total"] == 2
    assert (narrow["plans"], narrow["log"]) == (None, None)


def test_what_was_done_by_hand_what_crashes_and_what_waits_for_a_review(api: Api, clock: MovableClock) -> None:
    api.apply(company())
    agent = api.enroll()
    kill = {"kind": "kill", "scope": "tool:exec", "reason": "looking"}
    assert api.post("/v1/orgs/acme/overlays", json=kill).status_code == 201
    for crashes, expected in ((2, 0), (3, 1)):
        answer = api.post("/v1/agent/heartbeat", json={"crashes": crashes}, token=agent["credential"])
        assert answer.status_code == 200, answer.text
        found = status(api)
        assert found["fleet"]["crashing"] == expected
    assert [(item["kind"], item["scope"]) for item in found["overlays"]] == [("kill", "tool:exec")]
    assert found["skills"] == 0
    listed = api.get("/v1/orgs/acme/instances", params={"select": "crashing=yes"}).json()["instances"]
    assert [item["instance"] for item in listed] == [agent["instance"]]
    clock.move(hours=2)
    assert status(api)["fleet"]["crashing"] == 0
    blind = status(api, token=api.token("instances:read"))
    assert (blind["overlays"], blind["skills"]) == (None, None)


def test_looking_leaves_no_trace(api: Api) -> None:
    api.apply(company())
    before = len(api.audit())
    status(api)
    assert len(api.audit()) == before
