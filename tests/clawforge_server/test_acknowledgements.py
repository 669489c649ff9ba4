"""What an instance acknowledged and when: kept at a change only, with the revision that its bundle was made for."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest
from server_app import NOON, MovableClock, opened_api
from server_process import company, resource

from clawforge.errors import UnavailableError

PATH = "/v1/orgs/acme/instances/{}/acknowledgements"


class Agent:
    """An instance that acknowledges what it is told to."""

    def __init__(self, api: Any, **terms: Any) -> None:
        self.api = api
        enrolled = api.enroll(**terms)
        self.name, self.credential = enrolled["instance"], enrolled["credential"]

    def poll(self, acknowledged: str | None = None) -> str:
        """The digest of the bundle that is served."""
        headers = {} if acknowledged is None else {"ClawForge-Acknowledged": acknowledged}
        answer = self.api.get("/v1/agent/policy", token=self.credential, headers=headers)
        assert answer.status_code == 200, answer.text
        return str(answer.headers["etag"]).strip('"')

    def acknowledged(self, query: str = "", **options: Any) -> Any:
        answer = self.api.get(PATH.format(self.name) + query, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def revisions(self) -> list[int | None]:
        return [item["revision"] for item in reversed(self.acknowledged()["acknowledgements"])]


@pytest.fixture
def agent(api: Any) -> Agent:
    api.apply(company())
    return Agent(api)


def test_only_changes_are_kept_each_with_its_revision(api: Any, agent: Agent, clock: MovableClock) -> None:
    first = agent.poll()
    clock.move(seconds=30)
    agent.poll(first)
    clock.move(seconds=30)
    agent.poll(first)
    api.apply(company(deny=["read"]))
    second = agent.poll(first)
    clock.move(seconds=30)
    agent.poll(second)
    page = agent.acknowledged()
    assert page["instance"] == agent.name
    assert [(item["number"], item["at"], item["digest"], item["revision"]) for item in page["acknowledgements"]] == [
        (2, "2026-11-20T12:01:30Z", second, 2),
        (1, "2026-11-20T12:00:30Z", first, 1),
    ]
    assert page["acknowledgements"][0]["serial"] > page["acknowledgements"][1]["serial"]
    assert page["next"] is None


def test_one_that_is_acknowledged_after_the_next_apply_is_still_known(api: Any, agent: Agent) -> None:
    first = agent.poll()
    api.apply(company(deny=["read"]))
    second = agent.poll()
    agent.poll(first)
    agent.poll(second)
    assert agent.revisions() == [1, 2]


def test_what_the_server_never_served_is_of_no_known_revision(agent: Agent) -> None:
    agent.poll("sha256:" + "0" * 64)
    agent.poll("no digest")
    assert agent.revisions() == [None]


def test_the_heartbeat_acknowledges_too(api: Any, agent: Agent) -> None:
    digest = agent.poll()
    answer = api.post("/v1/agent/heartbeat", token=agent.credential, json={"acknowledged": digest})
    assert answer.status_code == 200
    assert agent.revisions() == [1]


def test_a_poll_that_repeats_itself_asks_the_store_nothing(
    api: Any, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = agent.poll()
    agent.poll(digest)
    api.plane.reports.flush()

    def closed() -> AbstractContextManager[Any]:
        raise UnavailableError("the store was asked")

    monkeypatch.setattr(api.plane.store, "transaction", closed)
    assert agent.poll(digest) == digest
    assert api.plane.reports._changes == []


def test_what_could_not_be_written_is_written_later(api: Any, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    first = agent.poll()
    agent.poll(first)

    def full() -> AbstractContextManager[Any]:
        raise UnavailableError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(api.plane.store, "transaction", full)
        with pytest.raises(UnavailableError):
            api.plane.reports.flush()
    agent.poll("sha256:" + "0" * 64)
    assert agent.revisions() == [1, None]


def test_a_restart_forgets_nothing_and_repeats_nothing(tmp_path: Any, clock: MovableClock) -> None:
    with opened_api(tmp_path / "data", clock) as api:
        api.apply(company())
        agent = Agent(api)
        first = agent.poll()
        agent.poll(first)
        api.plane.reports.flush()
    with opened_api(tmp_path / "data", clock) as api:
        agent.api = api
        assert agent.poll(first) == first
        assert agent.revisions() == [1]


def test_pages_and_moments(api: Any, agent: Agent, clock: MovableClock, problem: Any) -> None:
    digests = []
    for tool in ("read", "write", "edit"):
        api.apply(company(deny=[tool]))
        digests.append(agent.poll())
        agent.poll(digests[-1])
        clock.move(minutes=1)
    page = agent.acknowledged("?limit=2")
    assert ([item["number"] for item in page["acknowledgements"]], page["next"]) == ([3, 2], 2)
    page = agent.acknowledged("?limit=2&before=2")
    assert ([item["number"] for item in page["acknowledgements"]], page["next"]) == ([1], None)
    page = agent.acknowledged("?limit=1&until=2026-11-20T12:01:30Z")
    assert [item["digest"] for item in page["acknowledgements"]] == [digests[1]]
    assert agent.acknowledged("?until=2026-11-20T11:59:59Z")["acknowledgements"] == []
    for query in ("until=yesterday", "until=2026-11-20T12:00:00", "limit=0", "before=0", "limit=501"):
        problem(api.get(PATH.format(agent.name) + f"?{query}"), 400, "bad-parameter")
    assert clock.now() > NOON


def test_a_right_over_a_group_reaches_its_members_instances(api: Any, problem: Any) -> None:
    api.apply(
        company(
            resource("User", "ann", email="ann@acme.example"),
            resource("User", "eve", email="eve@acme.example"),
            resource("Role", "watcher", permissions=["instances:read"]),
            resource("RoleBinding", "ann", role="watcher", subjects={"users": ["ann"]}, scope={"groups": ["eng"]}),
        )
    )
    ann = api.session("user:ann")["accessToken"]
    mine, other = Agent(api), Agent(api, user="eve")
    assert mine.acknowledged(token=ann)["acknowledgements"] == []
    problem(api.get(PATH.format(other.name), token=ann), 403, "outside-scope")
    problem(api.get(PATH.format("nobody"), token=ann), 403, "outside-scope")
    problem(api.get(PATH.format("nobody")), 404, "unknown-instance")
