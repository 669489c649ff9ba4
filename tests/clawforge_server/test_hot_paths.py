"""Hot paths answer as the routes do, byte for byte but for the request's number, or leave the request to them."""

from __future__ import annotations

import asyncio
import gc
import json
import weakref
from pathlib import Path
from typing import Any

import pytest
from server_app import Api, MovableClock, opened_api
from server_process import ServerProcess, apply, company

from clawforge_server.auth.request_limits import rates
from clawforge_server.hot_paths import HotPaths

POLL, HEARTBEAT = "/v1/agent/policy", "/v1/agent/heartbeat"
STRANGE = ("date", "x-request-id")


def scope(
    method: str, path: str, headers: list[tuple[str, str]], query: str = "", scheme: str = "http"
) -> dict[str, Any]:
    """A request before its body."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "client": ("192.0.2.1", 40000),
        "server": ("127.0.0.1", 1),
    }


class Exchange:
    """The other side of a request: gives the body in two parts, keeps the answer."""

    def __init__(self, body: bytes, seconds: float = 0.0) -> None:
        self._parts = [body[:1], body[1:]]
        self._seconds = seconds
        self._start: dict[str, Any] = {}
        self._body = b""

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self._seconds)
        if not self._parts:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": self._parts.pop(0), "more_body": bool(self._parts)}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    @property
    def answer(self) -> tuple[int, dict[str, str], bytes]:
        headers = [(name.decode(), value.decode()) for name, value in self._start["headers"]]
        assert len(headers) == len({name for name, _ in headers}), "no header comes twice"
        return (self._start["status"], dict(headers), self._body)


class Front:
    """The front of a server with its hot paths, and whether they answered."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.plain = HotPaths(api.plane, api._app)
        self.used = False
        self.hot = HotPaths(api.plane, self._left)

    async def _left(self, scope: Any, receive: Any, send: Any) -> None:
        self.used = False
        await self.api._app(scope, receive, send)

    def ask(
        self, method: str, path: str, headers: dict[str, str] | list[tuple[str, str]], body: Any = None, query: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        lines = list(headers.items()) if isinstance(headers, dict) else headers
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        if body is not None and not any(name.lower() == "content-type" for name, _ in lines):
            lines = [*lines, ("Content-Type", "application/json"), ("Content-Length", str(len(raw)))]
        exchange = Exchange(raw)
        self.used = True
        self.api.run(self.hot(scope(method, path, lines, query), exchange.receive, exchange.send))
        return exchange.answer


@pytest.fixture
def front(api: Api) -> Front:
    api.apply(company())
    return Front(api)


@pytest.fixture
def agent(front: Front) -> dict[str, str]:
    """The headers of an agent that holds what it should, and that the server has seen."""
    enrolled = front.api.enroll()
    mine = {"Authorization": f"Bearer {enrolled['credential']}"}
    _, headers, _ = front.ask("GET", POLL, mine)
    held = headers["etag"].strip('"')
    front.ask("GET", POLL, {**mine, "If-None-Match": headers["etag"], "ClawForge-Acknowledged": held})
    return {**mine, "If-None-Match": headers["etag"], "ClawForge-Acknowledged": held}


def same_as_the_route(front: Front, agent: dict[str, str], method: str, path: str, body: Any = None) -> None:
    """The hot path answered, as the route would have."""
    status, headers, content = front.ask(method, path, agent, body)
    assert front.used, "the hot path left it to the route"
    route = front.api.request(method, path, token="", headers=agent, **({} if body is None else {"json": body}))
    assert status == route.status_code
    assert content == route.content
    assert {name: value for name, value in headers.items() if name not in STRANGE} == {
        name: value for name, value in route.headers.items() if name not in STRANGE
    }
    assert len(headers["x-request-id"]) == len(route.headers["x-request-id"]) == 32


def test_a_poll_is_answered_as_by_the_route(front: Front, agent: dict[str, str]) -> None:
    for _ in range(3):
        same_as_the_route(front, agent, "GET", POLL)
        front.api.clock.move(seconds=1)
    without = {name: value for name, value in agent.items() if name != "ClawForge-Acknowledged"}
    same_as_the_route(front, without, "GET", POLL)


def test_a_heartbeat_is_answered_as_by_the_route(front: Front, agent: dict[str, str]) -> None:
    for body in ({}, {"uptime": 7}, {"versions": {"host": "1"}, "crashes": 2, "channels": {"a": "down"}}):
        same_as_the_route(front, agent, "POST", HEARTBEAT, body)
        front.api.clock.move(seconds=1)
    (view,) = front.api.get("/v1/orgs/acme/instances").json()["instances"]
    assert (view["crashes"], view["versions"], view["lastSeen"]) == (2, {"host": "1"}, "2026-11-20T12:00:02Z")


@pytest.mark.parametrize(
    ("method", "path", "change", "query", "status"),
    [
        ("GET", POLL, {"If-None-Match": '"sha256:other"'}, "", 200),
        ("GET", POLL, {"If-None-Match": "*"}, "", 200),
        ("GET", POLL, {"If-None-Match": None}, "", 200),
        ("GET", POLL, {}, "wait=31", 400),
        ("GET", POLL, {}, "wait=0", 304),
        ("POST", POLL, {}, "", 405),
        ("GET", POLL, {"Authorization": None}, "", 401),
        ("GET", POLL, {"Authorization": "Bearer cf_instance_wrong"}, "", 401),
        ("GET", POLL, {"Authorization": "Basic eDp5"}, "", 401),
        ("GET", "/v1/agent/policy/", {}, "", 404),
        ("POST", HEARTBEAT, {"Authorization": "Bearer cf_instance_wrong"}, "", 401),
        ("POST", HEARTBEAT, {"Content-Type": "text/plain"}, "", 415),
        ("GET", HEARTBEAT, {}, "", 405),
    ],
)
def test_what_is_not_usual_is_left_to_the_route(
    front: Front, agent: dict[str, str], method: str, path: str, change: dict[str, Any], query: str, status: int
) -> None:
    headers = {name: value for name, value in {**agent, **change}.items() if value is not None}
    body = {} if path == HEARTBEAT and method == "POST" else None
    answered, _, _ = front.ask(method, path, headers, body, query)
    assert not front.used
    assert answered == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"uptime":1,"uptime":2}', 400),
        (b'{"uptime":-1}', 422),
        (b'{"instance":"other"}', 422),
        (b'{"acknowledged":"x"}', 422),
        (b"", 400),
        (b'{"lastExit":"' + b"x" * 20_000 + b'"}', 413),
    ],
)
def test_a_bad_heartbeat_is_refused_by_the_route(front: Front, agent: dict[str, str], body: bytes, status: int) -> None:
    answered, _, _ = front.ask("POST", HEARTBEAT, agent, body)
    assert (answered, front.used) == (status, False)


def test_two_credentials_are_none(front: Front, agent: dict[str, str]) -> None:
    lines = [*agent.items(), ("Authorization", agent["Authorization"])]
    status, _, _ = front.ask("GET", POLL, lines)
    assert (status, front.used) == (401, False)


def test_a_revocation_a_change_and_midnight_are_seen_at_once(front: Front, agent: dict[str, str]) -> None:
    api = front.api
    same_as_the_route(front, agent, "GET", POLL)
    api.apply(company(deny=["read"]))
    status, headers, _ = front.ask("GET", POLL, agent)
    assert (status, front.used) == (200, False)
    present = {**agent, "If-None-Match": headers["etag"]}
    same_as_the_route(front, present, "GET", POLL)
    api.clock.move(hours=12)
    assert front.ask("GET", POLL, present)[0] == 200, "at midnight the horizon moves"
    (view,) = api.get("/v1/orgs/acme/instances").json()["instances"]
    assert api.delete(f"/v1/orgs/acme/instances/{view['instance']}").status_code == 204
    assert front.ask("GET", POLL, present)[0] == 401
    assert front.ask("POST", HEARTBEAT, agent, {})[0] == 401


def test_the_rate_of_an_instance_holds(tmp_path: Path, clock: MovableClock) -> None:
    with opened_api(tmp_path / "data", clock, limits=rates(20)) as api:
        api.apply(company())
        front = Front(api)
        mine = {"Authorization": f"Bearer {api.enroll()['credential']}"}
        mine["If-None-Match"] = front.ask("GET", POLL, mine)[1]["etag"]
        statuses = [front.ask("GET", POLL, mine)[0] for _ in range(11)]
        assert statuses == [304] * 9 + [429] * 2
        assert front.ask("POST", HEARTBEAT, mine, {})[0] == 429


def test_what_is_acknowledged_for_the_first_time_is_looked_at(front: Front, agent: dict[str, str]) -> None:
    other = front.api.enroll()
    mine = {**agent, "Authorization": f"Bearer {other['credential']}"}
    for expected in (False, True):
        assert front.ask("GET", POLL, mine)[0] == 304
        assert front.used is expected
    views = front.api.get("/v1/orgs/acme/instances").json()["instances"]
    assert {view["acknowledged"] for view in views} == {agent["ClawForge-Acknowledged"]}


def test_under_tls_a_hot_answer_says_so(front: Front, agent: dict[str, str]) -> None:
    exchange = Exchange(b"")
    front.api.run(front.hot(scope("GET", POLL, list(agent.items()), scheme="https"), exchange.receive, exchange.send))
    assert exchange.answer[1]["strict-transport-security"] == "max-age=31536000"


def test_a_small_body_that_trickles_in_is_refused(
    front: Front, agent: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clawforge_server.hot_paths._BODY_SECONDS", 0.05)
    lines = [*agent.items(), ("Content-Type", "application/json"), ("Content-Length", "2")]
    exchange = Exchange(b"{}", seconds=30)
    front.api.run(front.hot(scope("POST", HEARTBEAT, lines), exchange.receive, exchange.send))
    assert exchange.answer[0] == 408
    assert json.loads(exchange.answer[2])["code"] == "too-slow"
    assert exchange.answer[1]["cache-control"] == "no-store"
    assert len(exchange.answer[1]["x-request-id"]) == 32


def test_a_defect_of_a_hot_path_leaves_the_request_to_the_route(
    front: Front, agent: dict[str, str], logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(type(front.api.plane.leases), "get", broken)
    assert (front.ask("GET", POLL, agent)[0], front.used) == (304, False)
    assert (front.ask("POST", HEARTBEAT, agent, {"crashes": 1})[0], front.used) == (200, False)
    assert "hot path failed" in logged.getvalue()
    assert "secret" not in logged.getvalue()


def test_an_agent_that_asks_no_more_holds_no_old_state(front: Front, agent: dict[str, str]) -> None:
    same_as_the_route(front, agent, "GET", POLL)
    old = weakref.ref(front.api.plane.states.peek("acme"))
    front.api.apply(company(deny=["read"]))
    gc.collect()
    assert old() is None


@pytest.fixture
def plugin(front: Front) -> dict[str, str]:
    """An old plugin that asked once: its headers under `headers`, and the two paths that it asks all the time."""
    token = front.api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    body = {"token": token, "email": "dev@acme.example", "name": "laptop"}
    session = front.api.post("/api/v1/auth/enroll", token="", json=body).json()
    found = {
        "Authorization": f"Bearer {session['accessToken']}",
        "effective": f"/api/v1/policies/{session['orgId']}/effective",
        "heartbeat": f"/api/v1/heartbeat/{session['orgId']}/{session['userId']}",
    }
    assert front.ask("GET", found["effective"], headers_of(found))[0] == 200
    return found


def headers_of(plugin: dict[str, str]) -> dict[str, str]:
    return {"Authorization": plugin["Authorization"]}


def test_old_plugins_are_answered_as_by_the_route(front: Front, plugin: dict[str, str]) -> None:
    for path in (plugin["effective"], plugin["heartbeat"], plugin["heartbeat"]):
        same_as_the_route(front, headers_of(plugin), "GET", path)
        front.api.clock.move(seconds=1)
    own = f"userId={plugin['heartbeat'].rpartition('/')[2]}"
    assert (front.ask("GET", plugin["effective"], headers_of(plugin), None, own)[0], front.used) == (200, True)
    _, _, beat = front.ask("GET", plugin["heartbeat"], headers_of(plugin))
    assert json.loads(beat)["refreshPolicyNow"] is False
    front.api.apply(company(deny=["read"]))
    status, _, beat = front.ask("GET", plugin["heartbeat"], headers_of(plugin))
    assert (status, front.used, json.loads(beat)["refreshPolicyNow"]) == (200, False, True)
    same_as_the_route(front, headers_of(plugin), "GET", plugin["heartbeat"])
    front.ask("GET", plugin["effective"], headers_of(plugin))
    assert front.used
    _, _, beat = front.ask("GET", plugin["heartbeat"], headers_of(plugin))
    assert (front.used, json.loads(beat)["refreshPolicyNow"]) == (True, False)
    # The answer may never have come: after a while it is asked to fetch again.
    front.api.clock.move(minutes=5)
    _, _, beat = front.ask("GET", plugin["heartbeat"], headers_of(plugin))
    assert (front.used, json.loads(beat)["refreshPolicyNow"]) == (True, True)


def test_an_old_plugin_hears_of_a_kill_and_of_nobody_else(front: Front, plugin: dict[str, str]) -> None:
    api, mine = front.api, headers_of(plugin)
    body = {"scope": "org", "reason": "incident"}
    assert api.post("/v1/orgs/acme/overlays", json=body).status_code == 201
    for _ in range(2):
        _, _, beat = front.ask("GET", plugin["heartbeat"], mine)
        assert json.loads(beat)["killSwitch"] is True
    assert front.used
    for path, status in (
        (plugin["heartbeat"][:-1] + "0", 403),
        ("/api/v1/heartbeat/other/x", 403),
        ("/api/v1/policies/other/effective", 403),
        (plugin["effective"] + "/", 404),
        (plugin["effective"].replace("effective", "%65ffective"), 404),
    ):
        assert (front.ask("GET", path, mine)[0], front.used) == (status, False), path
    wanted = (front.ask("GET", plugin["effective"], mine, None, "userId=other")[0], front.used)
    assert wanted == (403, False)


def test_an_old_plugins_session_ends_and_its_person_is_suspended(front: Front, plugin: dict[str, str]) -> None:
    api, mine = front.api, headers_of(plugin)
    same_as_the_route(front, mine, "GET", plugin["effective"])
    assert api.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "left"}).status_code == 201
    for path in (plugin["effective"], plugin["heartbeat"]):
        assert (front.ask("GET", path, mine)[0], front.used) == (401, False)


def test_a_real_server_answers_by_them(running: ServerProcess) -> None:
    with running.client() as owner:
        apply(owner, company())
        token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
        credential = owner.post("/v1/enroll", json={"token": token}).json()["credential"]
    with running.client(credential) as client:
        tag = client.get(POLL).headers["etag"]
        for _ in range(3):
            polled = client.get(POLL, headers={"If-None-Match": tag})
            assert (polled.status_code, polled.content, polled.headers["etag"]) == (304, b"", tag)
            beat = client.post(HEARTBEAT, json={"uptime": 3})
            assert (beat.status_code, f'"{beat.json()["digest"]}"') == (200, tag)
            assert beat.headers["content-type"] == "application/json"
        assert client.head(POLL).status_code == 200
        assert client.post(HEARTBEAT, content=iter([b"{", b"}"])).status_code == 415
        chunked = client.post(HEARTBEAT, content=iter([b"{", b"}"]), headers={"Content-Type": "application/json"})
        assert chunked.status_code == 200
