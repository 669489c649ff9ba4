"""What agents enforce, held against what they should: counted for all, named for the first, exceptions apart."""

from __future__ import annotations

from typing import Any

import pytest
from server_app import MovableClock
from server_process import company, resource

PATH = "/v1/orgs/acme/drift"


class Agent:
    """An instance that acknowledges what it is told to."""

    def __init__(self, api: Any, **terms: Any) -> None:
        self.api = api
        enrolled = api.enroll(**terms)
        self.name, self.credential = enrolled["instance"], enrolled["credential"]

    def poll(self, acknowledged: str | None = None) -> str:
        headers = {} if acknowledged is None else {"ClawForge-Acknowledged": acknowledged}
        answer = self.api.get("/v1/agent/policy", token=self.credential, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.headers["etag"]).strip('"')

    def obey(self) -> str:
        """Take what is served, and say so."""
        digest = self.poll()
        self.poll(digest)
        return digest


def drift(api: Any, query: str = "", **options: Any) -> Any:
    answer = api.get(PATH + query, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def counted(found: Any) -> dict[str, int]:
    return {key: value for key, value in found["counts"].items() if value}


def test_an_agent_is_in_force_then_behind_then_offline(api: Any, clock: MovableClock) -> None:
    api.apply(company())
    agent = Agent(api)
    found = drift(api)
    assert counted(found) == {"total": 1, "unacknowledged": 1}
    first = agent.obey()
    found = drift(api)
    assert (counted(found), found["agents"], found["revision"]) == ({"total": 1, "inForce": 1}, [], 1)
    api.apply(company(deny=["read"]))
    found = drift(api)
    assert counted(found) == {"total": 1, "behind": 1}
    (behind,) = found["agents"]
    assert (behind["instance"], behind["user"], behind["state"]) == (agent.name, "dev", "behind")
    assert (behind["acknowledged"], behind["revision"], behind["since"]) == (first, 1, "2026-11-20T12:00:00Z")
    clock.move(minutes=6)
    assert counted(drift(api)) == {"total": 1, "offline": 1}
    second = agent.obey()
    assert behind["wanted"] == second
    assert counted(drift(api)) == {"total": 1, "inForce": 1}


def test_an_apply_that_does_not_concern_an_agent_makes_no_drift(api: Any) -> None:
    api.apply(company())
    agent = Agent(api)
    agent.obey()
    api.apply(company(resource("User", "new", email="new@acme.example")))
    assert counted(drift(api)) == {"total": 1, "inForce": 1}


def test_the_day_begins_for_those_that_asked_since(api: Any, clock: MovableClock) -> None:
    api.apply(company())
    agent = Agent(api)
    agent.obey()
    clock.move(days=1)
    assert counted(drift(api)) == {"total": 1, "offline": 1}
    agent.obey()
    assert counted(drift(api)) == {"total": 1, "inForce": 1}


def test_machines_that_wait_or_were_put_out_are_not_counted(api: Any) -> None:
    api.apply(company())
    Agent(api, requireApproval=True)
    gone = Agent(api)
    api.delete(f"/v1/orgs/acme/instances/{gone.name}")
    assert counted(drift(api)) == {}


def test_the_wanted_digest_is_the_one_that_is_served_to_each_class(api: Any) -> None:
    policy = resource("Policy", "eng", appliesTo={"groups": ["eng"]}, tools={"allow": ["read"]})
    tagged = resource("Policy", "lab", appliesTo={"tags": {"env": ["lab"]}}, mode="overlay", tools={"deny": ["read"]})
    gone = resource("Policy", "one", appliesTo={"instances": ["special"]}, mode="overlay", tools={"deny": ["write"]})
    api.apply(company(policy, tagged, gone, resource("User", "ann", email="ann@acme.example")))
    agents = [
        Agent(api),
        Agent(api),
        Agent(api, tags={"env": "lab"}),
        Agent(api, instance="special"),
        Agent(api, user="ann"),
        Agent(api, user="ann", groups=["eng"]),
    ]
    served = {agent.name: agent.poll() for agent in agents}
    found = drift(api)
    assert {item["instance"]: item["wanted"] for item in found["agents"]} == served
    digests = [served[agent.name] for agent in agents]
    assert digests[0] == digests[1] == digests[5]
    assert len(set(digests)) == 4


def test_few_are_named_and_all_are_counted(api: Any) -> None:
    api.apply(company())
    names = sorted(Agent(api).name for _ in range(4))
    found = drift(api, "?limit=2")
    assert [item["instance"] for item in found["agents"]] == names[:2]
    assert counted(found) == {"total": 4, "unacknowledged": 4}
    assert drift(api, "?limit=0")["agents"] == []
    assert api.get(f"{PATH}?limit=501").status_code == 400


def test_what_was_done_by_hand_is_no_drift(api: Any) -> None:
    forbidden = resource(
        "Invariant",
        "no-exec",
        appliesTo={"tags": {"env": ["lab"]}},
        forbid={"tools": ["write"]},
        enforcement="warn",
        onViolation="quarantine",
    )
    api.apply(company(forbidden))
    shut_in, other = Agent(api, tags={"env": "lab"}), Agent(api)
    other.obey()
    answer = api.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "lost laptop"})
    assert answer.status_code == 201
    found = drift(api)
    assert found["exceptionCount"] == 2
    quarantine, suspension = found["exceptions"]
    assert (quarantine["kind"], quarantine["subject"]) == ("quarantine", shut_in.name)
    assert "Invariant/no-exec" in quarantine["why"]
    assert suspension == {
        "kind": "suspension",
        "subject": "dev",
        "at": "2026-11-20T12:00:00Z",
        "why": "lost laptop",
        "by": suspension["by"],
    }
    assert counted(found) == {"total": 2, "excepted": 1, "behind": 1}
    other.obey()
    assert counted(drift(api)) == {"total": 2, "excepted": 1, "inForce": 1}


def test_whoever_sees_a_part_is_told_of_that_part(api: Any) -> None:
    binding = resource(
        "RoleBinding", "eng-only", role="auditor", subjects={"users": ["ann"]}, scope={"groups": ["eng"]}
    )
    people = [resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bea")]
    api.apply(company(*people, binding))
    inside, outside = Agent(api), Agent(api, user="bea")
    api.post("/v1/orgs/acme/users/gone/suspension", json={"reason": "x"})
    ann = api.session("user:ann")["accessToken"]
    found = drift(api, token=ann)
    assert [item["instance"] for item in found["agents"]] == [inside.name]
    assert (found["counts"]["total"], found["exceptionCount"]) == (1, 0)
    assert drift(api)["counts"]["total"] == 2
    assert outside.name not in str(found)


def test_the_number_of_reads_does_not_grow_with_the_fleet(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api.apply(company())
    begun = []
    before = api.plane.store.transaction

    def counting() -> Any:
        begun.append(1)
        return before()

    def reads() -> int:
        drift(api)
        with monkeypatch.context() as patch:
            patch.setattr(api.plane.store, "transaction", counting)
            begun.clear()
            drift(api)
            return len(begun)

    none = reads()
    for _ in range(5):
        Agent(api)
    assert reads() == none
