"""Following the audit log: server-sent events that resume, stay bounded, and end with the credential."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import httpx
import pytest
from server_process import ServerProcess, apply, company


def follow(client: httpx.Client, count: int, **options: Any) -> list[tuple[int, dict[str, Any]]]:
    """The first records of a stream: id and document."""
    found: list[tuple[int, dict[str, Any]]] = []
    with client.stream("GET", "/v1/orgs/acme/audit/stream", **options) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        number = 0
        for line in response.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: "):
                found.append((number, json.loads(line[6:])))
                if len(found) == count:
                    break
    return found


def test_a_stream_gives_what_is_written_and_resumes_by_its_last_id(running: ServerProcess) -> None:
    with running.client() as client:
        apply(client, company())
        first = follow(client, 3, params={"after": 0})
        assert [number for number, _ in first] == [1, 2, 3]
        assert all(number == document["seq"] for number, document in first)
        apply(client, company(deny=["read"]))
        rest = follow(client, 2, headers={"Last-Event-ID": "3"})
        assert [number for number, _ in rest] == [4, 5]


def test_a_filter_holds_for_a_stream(running: ServerProcess) -> None:
    with running.client() as client:
        apply(client, company())
        apply(client, company(deny=["read"]))
        found = follow(client, 2, params={"after": 0, "action": "plans:apply"})
        assert {document["action"] for _, document in found} == {"plans:apply"}


def test_a_stream_ends_within_two_seconds_of_the_revocation_of_its_token(running: ServerProcess) -> None:
    with running.client() as owner:
        apply(owner, company())
        made = owner.post("/v1/orgs/acme/tokens", json={"name": "reader", "permissions": ["audit:read"]})
        if made.status_code == 422:
            made = owner.post("/v1/orgs/acme/tokens", json={"name": "reader", "scopes": ["audit:read"]})
        assert made.status_code == 201, made.text
        with (
            running.client(made.json()["token"]) as reader,
            reader.stream("GET", "/v1/orgs/acme/audit/stream", params={"after": 0}) as response,
        ):
            lines = response.iter_lines()
            assert next(lines) == "retry: 2000"
            revoked = time.monotonic()
            assert owner.delete(f"/v1/orgs/acme/tokens/{made.json()['id']}").status_code == 204
            rest = list(lines)
            assert time.monotonic() - revoked < 2
            assert "event: end" in rest


def test_a_client_that_does_not_read_costs_no_memory(running: ServerProcess) -> None:
    psutil = pytest.importorskip("psutil")
    with running.client() as client:
        apply(client, company())
        for number in range(60):
            client.post("/v1/orgs/acme/enrollments", json={"user": f"nobody-{number}"})
        before = psutil.Process(running.process.pid).memory_info().rss
        streams = [client.stream("GET", "/v1/orgs/acme/audit/stream", params={"after": 0}) for _ in range(40)]
        opened = [stream.__enter__() for stream in streams]
        time.sleep(1.5)
        grown = psutil.Process(running.process.pid).memory_info().rss - before
        assert all(response.status_code == 200 for response in opened)
        assert client.get("/health").status_code == 200
        for stream in streams:
            stream.__exit__(None, None, None)
        assert grown < 30 * 1024 * 1024


def test_a_reader_that_stalls_costs_little_and_is_cut_off_once_it_is_revoked(running: ServerProcess) -> None:
    """The records are large: 16 MB, which no socket's buffer takes."""
    psutil = pytest.importorskip("psutil")
    process = psutil.Process(running.process.pid)
    with running.client() as owner:
        apply(owner, company())
        token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
        agent = owner.post("/v1/enroll", json={"token": token}).json()["credential"]
        with running.client(agent) as instance:
            for number in range(4):
                instance.post("/v1/agent/audit", json={"events": [large(number * 40 + at) for at in range(1, 41)]})
        made = owner.post("/v1/orgs/acme/tokens", json={"name": "reader", "permissions": ["audit:read"]}).json()
        before = process.memory_info().rss
        readers = [stalled_reader(running, made["token"]) for _ in range(20)]
        time.sleep(3)
        assert process.memory_info().rss - before < 40 * 1024 * 1024
        open_streams = len(established(process))
        assert open_streams >= 20
        assert owner.delete(f"/v1/orgs/acme/tokens/{made['id']}").status_code == 204
        deadline = time.monotonic() + 40
        while len(established(process)) > 2 and time.monotonic() < deadline:
            time.sleep(0.5)
        assert len(established(process)) <= 2
        for reader in readers:
            reader.close()


def large(seq: int) -> dict[str, Any]:
    at = "2026-11-20T10:00:00Z"
    return {"seq": seq, "at": at, "action": "tool:call", "outcome": "allow", "detail": {"text": "x" * 100_000}}


def stalled_reader(running: ServerProcess, token: str) -> socket.socket:
    """A connection that asks for the whole stream and takes nothing."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.connect(("127.0.0.1", int(running.url.rpartition(":")[2])))
    lines = (
        "GET /v1/orgs/acme/audit/stream?after=0 HTTP/1.1",
        "Host: server",
        f"Authorization: Bearer {token}",
        "",
        "",
    )
    reader.sendall("\r\n".join(lines).encode())
    return reader


def established(process: Any) -> list[Any]:
    return [item for item in process.net_connections() if item.status == "ESTABLISHED"]


def test_a_server_that_stops_ends_its_streams(running: ServerProcess) -> None:
    with running.client() as client:
        apply(client, company())
        with client.stream("GET", "/v1/orgs/acme/audit/stream") as response:
            next(response.iter_lines())
            began = time.monotonic()
            assert running.stop() == 0
            assert time.monotonic() - began < 5
