"""Agents' events: exactly once, in any order, with every gap said aloud; and the test that no upload can get stuck."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from audit_world import DirectSource, company
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from server_app import MovableClock, opened_api
from server_process import server_process, start

from clawforge_cli.audit_verification import verify_log
from clawforge_server.service.audit_intake import advanced
from clawforge_server.store.audit_records import AgentStream


def event(seq: int, **more: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": "2026-11-20T10:00:00Z",
        "class": "call",
        "action": "tool:call",
        "outcome": "allow",
        "target": "exec",
        "detail": {"ms": seq % 7},
        **more,
    }


@pytest.fixture
def agent(api: Any) -> Any:
    api.apply(company())
    return api.enroll()


def send(api: Any, agent: dict[str, Any], events: list[Any], status: int = 200) -> dict[str, Any]:
    answer = api.post("/v1/agent/audit", token=agent["credential"], json={"events": events})
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def calls(api: Any) -> list[dict[str, Any]]:
    return [item for item in api.audit() if item["class"] == "call"]


def test_an_event_is_stamped_with_the_identity_of_the_credential(api: Any, agent: Any) -> None:
    answer = send(api, agent, [event(1, agent="main", context="work", detail={"user": "root", "instance": "other"})])
    assert (answer["acknowledged"], answer["stored"], answer["missing"]) == (1, 1, [])
    found = calls(api)[0]
    assert found["actor"] == f"instance:{agent['instance']}"
    assert found["detail"] == {
        "sequence": 1,
        "user": "dev",
        "agent": "main",
        "context": "work",
        "data": {"user": "root", "instance": "other"},
    }
    assert found["address"] == "192.0.2.1"


def test_the_servers_clock_dates_events_and_the_agents_word_stands_beside_it(api: Any, agent: Any) -> None:
    send(api, agent, [event(1, at="1970-01-01T00:00:00Z")])
    found = calls(api)[0]
    assert (found["at"], found["claimed"]) == ("2026-11-20T12:00:00Z", "1970-01-01T00:00:00Z")


def test_what_is_sent_again_is_stored_once(api: Any, agent: Any) -> None:
    batch = [event(seq) for seq in range(1, 21)]
    assert send(api, agent, batch)["stored"] == 20
    again = send(api, agent, [*batch[5:], event(21)])
    assert (again["stored"], again["repeated"], again["acknowledged"]) == (1, 15, 21)
    assert [item["detail"]["sequence"] for item in calls(api)] == list(range(1, 22))


def test_a_gap_is_reported_and_closed_when_the_rest_arrives(api: Any, agent: Any) -> None:
    assert send(api, agent, [event(1), event(5)])["missing"] == [{"first": 2, "last": 4}]
    gap = [item for item in api.audit() if item["class"] == "gap"][-1]
    assert (gap["action"], gap["detail"]["missing"]) == ("gaps:open", [[2, 4]])
    assert send(api, agent, [event(3)])["missing"] == [{"first": 2, "last": 2}, {"first": 4, "last": 4}]
    answer = send(api, agent, [event(4), event(2)])
    assert (answer["missing"], answer["acknowledged"]) == ([], 5)
    closed = [item for item in api.audit() if item["class"] == "gap"][-1]
    assert (closed["action"], closed["detail"]["missing"]) == ("gaps:close", [])


def test_the_same_number_with_another_content_is_a_conflict_and_the_first_stays(api: Any, agent: Any) -> None:
    send(api, agent, [event(1)])
    answer = send(api, agent, [event(1, outcome="deny"), event(2), event(2, target="other")])
    assert (answer["conflicts"], answer["stored"]) == ([1, 2], 1)
    assert [item["outcome"] for item in calls(api)] == ["allow", "allow"]
    record = [item for item in api.audit() if item["class"] == "gap"][-1]
    assert (record["action"], record["detail"]["sequences"]) == ("events:conflict", [1, 2])


@pytest.mark.parametrize(
    "bad",
    [
        {"seq": 2},
        event(2, outcome="Nonsense!"),
        event(2, **{"class": "purge"}),
        event(2, **{"class": "policy"}),
        event(2, user="root"),
        event(2, at="2026-11-20T10:00:00"),
        event(2, at="not a time"),
        event(2, action="x" * 400),
        event(2, revision=2**70),
        event(2, detail=[]),
    ],
)
def test_a_bad_event_holds_nothing_up(api: Any, agent: Any, bad: dict[str, Any]) -> None:
    answer = send(api, agent, [event(1), bad, event(3)])
    assert (answer["acknowledged"], answer["missing"], answer["unreadable"]) == (3, [], [2])
    assert [item["detail"]["sequence"] for item in calls(api)] == [1, 3]
    assert send(api, agent, [bad])["repeated"] == 1


def test_numbers_with_a_fraction_and_broken_unicode_are_kept_as_text(api: Any, agent: Any) -> None:
    body = (
        b'{"events":[{"seq":1,"at":"2026-11-20T10:00:00Z","action":"tool:call","outcome":"allow",'
        b'"detail":{"temperature":0.7,"big":99999999999999999999,"text":"a"}},'
        b'{"seq":2,"at":"2026-11-20T10:00:00Z","action":"tool:call","outcome":"allow","target":"\\ud800"}]}'
    )
    headers = {"Content-Type": "application/json"}
    assert api.post("/v1/agent/audit", token=agent["credential"], content=body, headers=headers).status_code == 200
    assert calls(api)[0]["detail"]["data"] == {"temperature": "0.7", "big": "99999999999999999999", "text": "a"}
    assert api.audit()[-1]["action"] == "events:unreadable"
    assert verify_log("acme", DirectSource(api)).findings == ()


def test_more_than_ten_thousand_events_are_taken_in_parts(api: Any, agent: Any) -> None:
    answer = send(api, agent, [{"seq": seq} for seq in range(1, 10_051)])
    assert (answer["taken"], answer["acknowledged"]) == (10_000, 10_000)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"[]", 422, "invalid-request"),
        (b'{"events":{}}', 422, "invalid-request"),
        (b'{"events":[{}]}', 422, "invalid-request"),
        (b'{"events":[{"seq":0}]}', 422, "invalid-request"),
        (b'{"events":[{"seq":true}]}', 422, "invalid-request"),
        (b'{"events":[],"events":[]}', 400, "malformed-json"),
        (b"{", 400, "malformed-json"),
        (b'{"events":"' + b"x" * (8 * 1024 * 1024) + b'"}', 413, "too-large"),
    ],
)
def test_a_malformed_upload_is_refused_and_recorded_once(
    api: Any, agent: Any, problem: Any, content: bytes, status: int, code: str
) -> None:
    before = len(api.audit())
    headers = {"Content-Type": "application/json"}
    problem(api.post("/v1/agent/audit", token=agent["credential"], content=content, headers=headers), status, code)
    records = api.audit()[before:]
    assert [(item["outcome"], item["detail"]["code"]) for item in records] == [("refused", code)]


def test_only_an_instance_may_report(api: Any, agent: Any, problem: Any) -> None:
    problem(api.post("/v1/agent/audit", json={"events": []}), 401, "unknown-instance")
    api.delete(f"/v1/orgs/acme/instances/{agent['instance']}")
    assert api.post("/v1/agent/audit", token=agent["credential"], json={"events": []}).status_code == 401


def test_missing_ranges_stay_bounded(api: Any, agent: Any) -> None:
    answer = send(api, agent, [{"seq": seq} for seq in range(2, 6_000, 2)])
    assert len(answer["missing"]) == 1_000
    assert send(api, agent, [{"seq": 4}])["repeated"] == 1


def test_joined_ranges_close_when_everything_was_sent_again(api: Any, agent: Any) -> None:
    """Above 1,000 gaps ranges are joined, and name events that did arrive: sending those must not go on for ever."""
    send(api, agent, [event(seq) for seq in range(2, 6_000, 2)])
    answer = send(api, agent, [event(seq) for seq in range(1, 6_000)])
    assert (answer["missing"], answer["conflicts"]) == ([], [])
    assert answer["stored"] == 3_000


def test_the_first_and_the_last_event_again_read_nothing_of_what_lies_between(api: Any, agent: Any) -> None:
    for first in range(1, 40_001, 10_000):
        send(api, agent, [{"seq": seq} for seq in range(first, first + 10_000)])
    read: list[int] = []
    with api.plane.store.transaction() as transaction:
        streams = transaction.agent_streams
        wanted = [1, 20_000, 40_000, 2**53 - 1]
        found = streams.digests("acme", agent["instance"], wanted)
        read += found
        assert streams.digests("other", agent["instance"], wanted) == {}
    assert read == [1, 20_000, 40_000]
    answer = send(api, agent, [{"seq": 1}, {"seq": 40_000}, {"seq": 2**53 - 1}])
    assert (answer["repeated"], answer["stored"], answer["conflicts"]) == (2, 1, [])


class Uploads(RuleBasedStateMachine):
    """Uploads with repetitions, gaps and reorder, against a dictionary that remembers what came first."""

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[int, int] = {}

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.context = opened_api(Path(self.folder.name) / "data", MovableClock())
        self.api = self.context.__enter__()
        self.api.apply(company())
        self.agent = self.api.enroll()

    @rule(batch=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 1)), max_size=12))
    def upload(self, batch: list[tuple[int, int]]) -> None:
        answer = send(self.api, self.agent, [event(seq, detail={"version": version}) for seq, version in batch])
        # Within one upload the order of one number's copies is kept, and the first of them counts.
        conflicts = []
        for seq, version in sorted(batch, key=lambda item: item[0]):
            if self.first.setdefault(seq, version) != version:
                conflicts.append(seq)
        assert answer["conflicts"] == conflicts
        highest = max(self.first, default=0)
        missing = [seq for seq in range(1, highest + 1) if seq not in self.first]
        assert [seq for part in answer["missing"] for seq in range(part["first"], part["last"] + 1)] == missing
        assert answer["acknowledged"] == highest

    @invariant()
    def the_log_holds_each_once(self) -> None:
        if not hasattr(self, "api"):
            return
        stored = {item["detail"]["sequence"]: item["detail"]["data"]["version"] for item in calls(self.api)}
        assert stored == self.first
        assert len(calls(self.api)) == len(self.first)

    def teardown(self) -> None:
        if hasattr(self, "context"):
            self.context.__exit__(None, None, None)
            self.folder.cleanup()


TestUploads = Uploads.TestCase
TestUploads.settings = settings(
    max_examples=12, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
)


@settings(max_examples=150)
@given(st.permutations(range(1, 25)))
def test_any_order_of_arrival_ends_without_gaps(order: list[int]) -> None:
    stream = AgentStream()
    seen: set[int] = set()
    for seq in order:
        stream = advanced(stream, [seq])
        seen.add(seq)
        expected = [number for number in range(1, max(seen)) if number not in seen]
        assert [number for low, high in stream.missing for number in range(low, high + 1)] == expected
    assert stream == AgentStream(24)


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    acknowledged = 0
    with server_process(data) as server:
        with server.client() as client:
            agent = _enrolled(client)
        port = int(server.url.rpartition(":")[2])
        for round_number in range(3):
            killer = threading.Timer(0.15 + 0.1 * round_number, lambda: os.killpg(server.process.pid, signal.SIGKILL))
            killer.start()
            acknowledged = _ingest_until_killed(server.url, agent["credential"], acknowledged)
            killer.join()
            server.process.wait()
            server.process = start(data, port)
            _wait(server.url)
        with server.client() as client:
            found = _all_calls(client)
        server.kill()
        sequences = [item["detail"]["sequence"] for item in found]
        assert len(sequences) == len(set(sequences))
        assert set(range(1, acknowledged + 1)) <= set(sequences)
        assert acknowledged > 0


def _enrolled(client: httpx.Client) -> dict[str, Any]:
    body = {"source": "policies", "resources": company(), "positions": {}}
    plan = client.post("/v1/orgs/acme/plans", json=body).json()
    applied = client.post(f"/v1/orgs/acme/plans/{plan['id']}/apply", json={"plan": plan}, headers={"If-Match": '"0"'})
    assert applied.status_code == 200, applied.text
    token = client.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    agent: dict[str, Any] = client.post("/v1/enroll", json={"token": token}).json()
    return agent


def _ingest_until_killed(url: str, credential: str, acknowledged: int) -> int:
    headers = {"Authorization": f"Bearer {credential}"}
    with httpx.Client(base_url=url, headers=headers, timeout=10, trust_env=False) as client:
        while True:
            events = [event(seq) for seq in range(acknowledged + 1, acknowledged + 101)]
            try:
                answer = client.post("/v1/agent/audit", json={"events": events})
            except httpx.HTTPError:
                return acknowledged
            assert answer.status_code == 200, answer.text
            acknowledged = answer.json()["acknowledged"]


def _wait(url: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the server did not come back")


def _all_calls(client: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = client.get(f"/v1/orgs/acme/audit?limit=1000&class=call&after={after}").json()
        found += page["events"]
        if page["next"] is None:
            return found
        after = page["next"]
