"""Bodies that hold what others need: sent drop by drop, or large and many at once."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from server_app import Api
from server_process import ServerProcess, company

from clawforge.errors import UnavailableError
from clawforge_server import request_body
from clawforge_server.body_room import BodyRoom

JSON = {"Content-Type": "application/json"}
MIB = 1024 * 1024
SIZES = {"tiny": 10, "small": 100}


def drops(count: int, seconds: float, drop: bytes = b" ") -> Any:
    async def body() -> Any:
        for _ in range(count):
            yield drop
            await asyncio.sleep(seconds)

    return body()


@pytest.mark.parametrize("path", ["/v1/enroll", "/v1/agent/audit", "/v1/orgs/acme/plans", "/v1/orgs/acme/sessions"])
def test_a_body_that_trickles_in_is_refused(api: Api, problem: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(request_body, "_PATIENCE_SECONDS", 0.1)
    api.apply(company())
    token = api.enroll()["credential"] if "agent" in path else None
    began = time.monotonic()
    problem(api.post(path, token=token, headers=JSON, content=drops(100, 0.05)), 408, "too-slow")
    assert time.monotonic() - began < 2


def test_a_large_body_over_a_thin_line_has_the_time_that_it_needs(
    api: Api, problem: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(request_body, "_SLOWEST", 1_000)
    problem(api.post("/v1/enroll", headers=JSON, content=drops(10, 0.03, b" " * 200)), 400, "malformed-json")


@pytest.mark.timeout(60)
def test_connections_that_say_nothing_or_half_a_line_end(running: ServerProcess) -> None:
    port = int(running.url.rpartition(":")[2])
    post = b"POST /v1/enroll HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    beginnings = [b"", b"GET /health HTTP/1.1\r\nHost: x\r\n", post, post + b"{"]

    def until_closed(beginning: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=25) as connection:
            connection.sendall(beginning)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    with ThreadPoolExecutor(len(beginnings)) as pool:
        answers = list(pool.map(until_closed, beginnings))
    assert answers[:2] == [b"", b""]
    for answer in answers[2:]:
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"too-slow"' in answer


def test_of_large_bodies_two_are_read_at_once(api: Api, problem: Any) -> None:
    api.apply(company())
    body = b'{"source": "' + b"a" * (3 * MIB) + b'"}'

    async def chunks(go: asyncio.Event) -> Any:
        yield body[: 2 * MIB]
        await go.wait()
        yield body[2 * MIB :]

    async def together() -> list[Any]:
        go = asyncio.Event()
        async with api.client() as client:
            held = [
                asyncio.create_task(client.post("/v1/orgs/acme/plans", headers=JSON, content=chunks(go)))
                for _ in range(2)
            ]
            await asyncio.sleep(0.3)
            third = await client.post("/v1/orgs/acme/plans", headers=JSON, content=body)
            small = await client.get("/v1/orgs/acme/state")
            tokens = await client.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["state:read"]})
            go.set()
            first, second = await asyncio.gather(*held)
            after = await client.post("/v1/orgs/acme/plans", headers=JSON, content=body)
            return [third, small, tokens, first, second, after]

    third, small, tokens, *others = api.run(together())
    problem(third, 503, "busy")
    assert third.headers["retry-after"] == "5"
    assert (small.status_code, tokens.status_code) == (200, 201)
    assert [answer.status_code for answer in others] == [422, 422, 422], "there is room again"


def test_room_is_given_back_whatever_happens() -> None:
    room = BodyRoom(large_at_once=1, bytes_at_once=1_000)
    for _ in range(3):
        with room.place() as place:
            for size in (5, 50, 500, 999):
                place.grow(size, **SIZES)
            with pytest.raises(UnavailableError):
                place.grow(1_001, **SIZES)
    with room.place() as one, room.place() as other:
        one.grow(900, **SIZES)
        other.grow(10, **SIZES)
        with pytest.raises(UnavailableError):
            other.grow(101, **SIZES)
        other.grow(99, **SIZES)
        with pytest.raises(UnavailableError):
            one.grow(902, **SIZES)
