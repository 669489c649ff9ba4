"""What a fleet asks all the time, answered from memory in one step: the policy poll that brings nothing new, and the
heartbeat.

A hot path answers exactly as the route of the same path, or not at all: whatever is not in memory, not quite usual, or
to be refused is left to the route. So there is one place that refuses, counts failures and audits.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterable
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clawforge.errors import ClawforgeError
from clawforge.wire import HEADER_ACKNOWLEDGED, Heartbeat
from clawforge_server.answer_headers import answer_fields
from clawforge_server.auth.rate_limit import RateLimitedError
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.control_plane import ControlPlane
from clawforge_server.hot_request import HotRequest
from clawforge_server.legacy_hot_paths import LegacyHotPaths
from clawforge_server.log import failure_fields, logger
from clawforge_server.problems import problem_response
from clawforge_server.request_body import TINY_BODY, parse_body, too_slow
from clawforge_server.routes.agent import check_heartbeat, reported
from clawforge_server.state.signed_leases import SignedLease
from clawforge_server.store.records import InstanceRecord

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_POLL, _HEARTBEAT, _PLUGINS = "/v1/agent/policy", "/v1/agent/heartbeat", "/api/v1/"
_SCHEME = "Bearer "
_ACKNOWLEDGED = HEADER_ACKNOWLEDGED.lower().encode()
_BODY_SECONDS = 15.0

Fields = list[tuple[bytes, bytes]]


class HotAnswer(NamedTuple):
    """A whole answer."""

    status: int
    headers: Fields
    body: bytes


class HotPaths:
    """The front of a server: hot paths by themselves, everything else by the application."""

    def __init__(self, plane: ControlPlane, app: ASGIApp) -> None:
        self._plane = plane
        self._app = app
        self._legacy = LegacyHotPaths(plane)
        self._fields = {
            scheme: _encoded(answer_fields(scheme, behind_proxy=plane.behind_proxy)) for scheme in ("http", "https")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HotRequest(scope)
        body: bytes | None = None
        if request.path == _HEARTBEAT and _is_small(request):
            body = await self._small_body(request, receive, send)
            if body is None:
                return
            receive = _again(body, receive)
        try:
            answer = self._answer(request, body)
        except Exception as error:  # A defect here is no answer: the route has its own, and its own boundary.
            logger().error("hot path failed", path=request.path, **failure_fields(error))
            answer = None
        if answer is None:
            await self._app(scope, receive, send)
        else:
            await _tell(send, answer)

    def _answer(self, request: HotRequest, body: bytes | None) -> HotAnswer | None:
        if request.path == _POLL:
            return self.poll(request)
        if body is not None:
            return self.heartbeat(request, body)
        return self.plugin(request) if request.path.startswith(_PLUGINS) else None

    async def _small_body(self, request: HotRequest, receive: Receive, send: Send) -> bytes | None:
        """The body; None for a client that left, or took too long and has its answer."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await _read(receive)
        except TimeoutError:
            late = problem_response(too_slow())
            fields = _encoded({"cache-control": "no-store", **late.headers}.items())
            await _tell(send, HotAnswer(late.status_code, self._headers(request, fields), bytes(late.body)))
        return None

    def poll(self, request: HotRequest) -> HotAnswer | None:
        """304 to an agent that holds what it should."""
        lease = None if request.query or request.method != "GET" else self._lease(request)
        if lease is None or request.headers(b"if-none-match") != [lease.etag]:
            return None
        said = request.header(_ACKNOWLEDGED)
        acknowledged = said if said is not None and _DIGEST.fullmatch(said) else None
        org, name = lease.instance.org, lease.instance.name
        # What it acknowledges for the first time is worth a look at what that was.
        if not self._plane.reports.knows(org, name, acknowledged) or self._has_messages(lease.instance):
            return None
        if not self._counts(org, name):
            return None
        self._plane.reports.seen(org, name, self._plane.clock.now())
        return HotAnswer(304, self._headers(request, lease.headers), b"")

    def heartbeat(self, request: HotRequest, body: bytes) -> HotAnswer | None:
        """What an agent should hold, once its report is noted."""
        lease = self._lease(request)
        if lease is None or self._has_messages(lease.instance):
            return None
        try:
            report = parse_body(Heartbeat, body)
            check_heartbeat(report)
        except ClawforgeError:
            return None
        if not self._counts(lease.instance.org, lease.instance.name):
            return None
        self._plane.reports.take(reported(lease.instance, report, self._plane.clock.now()))
        return self._json(request, lease.body, b"application/json")

    def plugin(self, request: HotRequest) -> HotAnswer | None:
        """What an old plugin asks for."""
        body = self._legacy.body(request)
        return None if body is None else self._json(request, body, self._legacy.content_type)

    def _lease(self, request: HotRequest) -> SignedLease | None:
        """The lease for the instance that sends the request, if it is known and all is in memory."""
        shown = request.headers(b"authorization")
        if len(shown) != 1 or not shown[0].startswith(_SCHEME):
            return None
        sha256 = credential_hash(shown[0].removeprefix(_SCHEME))
        instance = self._plane.instances.peek(sha256)
        if instance is None:
            return None
        state = self._plane.states.peek(instance.org)
        if state is None or self._plane.instances.peek(sha256) is not instance:
            # It got other tags at this moment: an old machine under a new serial would be served two things under one.
            return None
        return self._plane.leases.get(state, instance, self._plane.clock.now())

    def _has_messages(self, instance: InstanceRecord) -> bool:
        """Whether something waits for the instance's person, or nobody looked yet since the server was started."""
        return self._plane.messages.peek(instance.org, instance.name, self._plane.clock.now()) != ()

    def _counts(self, org: str, name: str) -> bool:
        """Count the request; False if it is one too many, which the route will say."""
        try:
            self._plane.limits.instance(org, name)
        except RateLimitedError:
            return False
        return True

    def _json(self, request: HotRequest, body: bytes, content_type: bytes) -> HotAnswer:
        length = (b"content-length", b"%d" % len(body))
        fields = [(b"cache-control", b"no-store"), (b"content-type", content_type), length]
        return HotAnswer(200, self._headers(request, fields), body)

    def _headers(self, request: HotRequest, fields: Iterable[tuple[bytes, bytes]]) -> Fields:
        # It names a request in the logs and is no secret.
        number = (b"x-request-id", b"%032x" % random.getrandbits(128))
        return [*fields, *self._fields.get(request.scheme, self._fields["https"]), number]


def _encoded(fields: Iterable[tuple[str, str]]) -> Fields:
    return [(name.encode(), value.encode()) for name, value in fields]


async def _tell(send: Send, answer: HotAnswer) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _read(receive: Receive) -> bytes | None:
    """The whole body, which is small; None if the client left."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Hands out a body that was read already, and then what the server says."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _is_small(request: HotRequest) -> bool:
    """Whether the body is JSON, said to be small, and as long as it is said to be."""
    length = request.headers(b"content-length")
    return (
        request.method == "POST"
        and len(length) == 1
        and length[0].isascii()
        and length[0].isdigit()
        and len(length[0]) < 6
        and int(length[0]) <= TINY_BODY
        and request.header(b"transfer-encoding") is None
        and request.header(b"content-encoding") is None
        and request.headers(b"content-type") == ["application/json"]
    )
