"""An agent says once what it runs, and what the control plane does not take keeps it from nothing."""

from __future__ import annotations

import json
from typing import Any

import httpx

from clawforge.secret import Secret
from clawforge_cli.agent.transport import AgentTransport
from clawforge_cli.agent.version_notice import VersionNotice

CREDENTIAL = Secret("cf_instance_x")


class Plane:
    """Answers with one status after the other, the last one again and again."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.bodies: list[Any] = []
        self.seconds = 0.0
        transport = AgentTransport("https://c.example", transport=httpx.MockTransport(self.answer))
        self.notice = VersionNotice(transport, {"host": "2026.9.6"}, lambda: self.seconds)

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/v1/agent/heartbeat")
        assert request.headers["authorization"] == "Bearer cf_instance_x"
        self.bodies.append(json.loads(request.content))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return httpx.Response(status, stream=httpx.ByteStream(b"{}" if status == 200 else b"<html>"))

    def polls(self, count: int, pause: float) -> None:
        for _ in range(count):
            self.notice.tell(CREDENTIAL)
            self.seconds += pause


def test_it_is_told_once() -> None:
    plane = Plane(200)
    plane.polls(100, 30)
    assert plane.bodies == [{"versions": {"host": "2026.9.6"}}]


def test_what_is_not_taken_is_tried_again_and_not_at_every_poll() -> None:
    plane = Plane(503, 200)
    plane.polls(19, 30)
    assert len(plane.bodies) == 1
    plane.polls(100, 30)
    assert len(plane.bodies) == 2


def test_a_refusal_ends_nothing() -> None:
    plane = Plane(401)
    plane.polls(3, 600)
    assert len(plane.bodies) == 3
