"""Heartbeats: what they say is kept, about their sender alone; many cost one write; a crash loses a second of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from server_process import PROGRAM, apply, company, server_process

HEARTBEAT = "/v1/agent/heartbeat"
SAID = {
    "versions": {"host": "2026.9.6", "plugin": "0.1.5", "runtime": "node 22"},
    "uptime": 90,
    "lastExit": "signal 9",
    "crashes": 3,
    "channels": {"slack": "ok", "whatsapp": "down"},
}
WRITTEN_SECONDS = 1.5
"""A second, and some time for a machine that is busy with other tests."""
MUTANT = Path(__file__).with_name("late_server.py")


@pytest.fixture
def agent(api: Any) -> dict[str, Any]:
    api.apply(company())
    enrolled: dict[str, Any] = api.enroll()
    return enrolled


def beat(api: Any, agent: dict[str, Any], **said: Any) -> Any:
    return api.post(HEARTBEAT, token=agent["credential"], json=said)


def listed(api: Any, agent: dict[str, Any]) -> dict[str, Any]:
    found = api.get("/v1/orgs/acme/instances").json()["instances"]
    (view,) = [item for item in found if item["instance"] == agent["instance"]]
    return dict(view)


def test_what_a_heartbeat_says_is_shown(api: Any, agent: Any) -> None:
    assert beat(api, agent, **SAID).status_code == 200
    view = listed(api, agent)
    assert {name: view[name] for name in ("versions", "lastExit", "crashes", "channels")} == {
        name: SAID[name] for name in ("versions", "lastExit", "crashes", "channels")
    }
    assert (view["lastSeen"], view["startedAt"]) == ("2026-11-20T12:00:00Z", "2026-11-20T11:58:30Z")


def test_what_it_leaves_out_stays(api: Any, agent: Any) -> None:
    beat(api, agent, **SAID)
    for pause in (False, True):
        if pause:
            listed(api, agent)
        before = listed(api, agent)
        api.clock.move(seconds=10)
        beat(api, agent)
        after = listed(api, agent)
        assert after["lastSeen"] > before["lastSeen"]
        assert {**after, "lastSeen": None} == {**before, "lastSeen": None}
    beat(api, agent, crashes=0, channels={}, uptime=0)
    view = listed(api, agent)
    assert (view["crashes"], view["channels"], view["startedAt"]) == (0, {}, view["lastSeen"])
    assert (view["versions"], view["lastExit"]) == (SAID["versions"], SAID["lastExit"])


@pytest.mark.parametrize(
    "said",
    [
        {"uptime": -1},
        {"uptime": 315_360_001},
        {"uptime": 1.5},
        {"uptime": True},
        {"crashes": -1},
        {"crashes": 10**9},
        {"lastExit": ""},
        {"lastExit": "x" * 201},
        {"lastExit": "a\x1b[31m"},
        {"lastExit": 9},
        {"channels": {"slack": "fine"}},
        {"channels": {"": "ok"}},
        {"channels": {"a\nb": "ok"}},
        {"channels": {f"c{number}": "ok" for number in range(65)}},
        {"channels": ["slack"]},
        {"versions": {f"v{number}": "1" for number in range(33)}},
        {"versions": {"host": "x" * 200}},
        {"versions": {"host": 2}},
        {"acknowledged": "sha256:short"},
        {"status": "fine"},
    ],
    ids=str,
)
def test_what_is_out_of_bounds_is_refused_whole(api: Any, agent: Any, problem: Any, said: dict[str, Any]) -> None:
    before = listed(api, agent)
    problem(beat(api, agent, **{**SAID, **said}), 422, "invalid-request")
    assert {**listed(api, agent), "lastSeen": None} == {**before, "lastSeen": None}


def test_nobody_reports_for_somebody_else(api: Any, agent: Any, problem: Any) -> None:
    """Identity comes from the credential; there is no field, parameter or header that names an instance."""
    other = api.enroll()
    before = listed(api, other)
    for said in ({"instance": other["instance"]}, {"user": "gone"}, {"org": "other"}):
        problem(beat(api, agent, **said), 422, "invalid-request")
    headers = {"X-ClawForge-Instance": other["instance"], "ClawForge-Instance": other["instance"]}
    query = f"{HEARTBEAT}?instance={other['instance']}&user=gone"
    assert api.post(query, token=agent["credential"], json=SAID, headers=headers).status_code == 200
    assert listed(api, other) == before
    assert listed(api, agent)["crashes"] == 3
    problem(api.post(HEARTBEAT, json=SAID), 401, "unknown-instance")
    api.delete(f"/v1/orgs/acme/instances/{other['instance']}")
    problem(beat(api, other, **SAID), 401, "instance-revoked")
    assert listed(api, other)["crashes"] is None


def test_many_cost_one_transaction(api: Any, agent: Any) -> None:
    agents = [agent, *(api.enroll() for _ in range(3))]
    for each in agents:
        beat(api, each)
    api.plane.reports.flush()
    written: list[str] = []
    engine = api.plane.store._database._engine

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        written.append(statement.split(maxsplit=1)[0].upper())

    sa.event.listen(engine, "before_cursor_execute", note)
    for number in range(40):
        api.clock.move(seconds=1)
        beat(api, agents[number % 4], uptime=number)
    assert "UPDATE" not in written, "nothing is written for a heartbeat by itself"
    api.plane.reports.flush()
    sa.event.remove(engine, "before_cursor_execute", note)
    assert written.count("UPDATE") == 1, "one statement for all, with the newest report of each"
    assert listed(api, agents[3])["lastSeen"] == "2026-11-20T12:00:40Z"


def test_what_could_not_be_written_is_written_later(api: Any, agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    beat(api, agent, **SAID)
    with monkeypatch.context() as broken:
        broken.setattr(type(api.plane.store), "transaction", _broken)
        with pytest.raises(OSError, match="disk"):
            api.plane.reports.flush()
        beat(api, agent, crashes=4)
    view = listed(api, agent)
    assert (view["crashes"], view["lastExit"]) == (4, "signal 9")


def _broken(*_: Any) -> Any:
    raise OSError("the disk is full")


def after_a_crash(data: Path, program: tuple[str, ...]) -> dict[str, Any]:
    """What is known of an instance that reported a moment before the server was killed."""
    with server_process(data, program=program) as server:
        with server.client() as owner:
            apply(owner, company())
            token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
            credential = owner.post("/v1/enroll", json={"token": token}).json()["credential"]
        with server.client(credential) as agent:
            assert agent.post(HEARTBEAT, json=SAID).status_code == 200
        time.sleep(WRITTEN_SECONDS)
        server.kill()
    with server_process(data) as server, server.client() as owner:
        (view,) = owner.get("/v1/orgs/acme/instances").json()["instances"]
        return dict(view)


def test_a_crash_loses_a_second_of_heartbeats_at_most(tmp_path: Path) -> None:
    view = after_a_crash(tmp_path / "data", PROGRAM)
    assert (view["crashes"], view["channels"]) == (3, SAID["channels"])
    assert view["lastSeen"] is not None


def test_a_server_that_writes_late_is_caught(tmp_path: Path) -> None:
    view = after_a_crash(tmp_path / "data", (str(MUTANT),))
    assert view["lastSeen"] is None
