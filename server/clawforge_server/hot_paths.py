"""What a fleet asks all the time, answered from memory in one step: the policy poll that brings nothing new, and the
heartbeat.

A hot path answers exactly as the route of the same path, or not at all: whatever is not in memory, not quite usual, or
to be refused is left to the route. So there is one place that refuses, counts failures and audits.
"""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any, NamedTuple

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]
from starlette.types import ASGIApp

from clawforge.errors import ClawforgeError
from clawforge.wire import HEADER_ACKNOWLEDGED, Heartbeat
from clawforge_server.answer_headers import answer_fields
from clawforge_server.asgi_bridge import Fields, RequestHeaders, RequestScope, serve_asgi
from clawforge_server.auth.rate_limit import RateLimitedError
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.control_plane import ControlPlane
from clawforge_server.legacy_hot_paths import LegacyHotPaths
from clawforge_server.log import failure_fields, logger
from clawforge_server.problems import problem_response
from clawforge_server.request_body import TINY_BODY, parse_body, too_slow
from clawforge_server.routes.agent import check_heartbeat, reported
from clawforge_server.state.signed_leases import SignedLease

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_POLL, _HEARTBEAT, _PLUGINS = "/v1/agent/policy", "/v1/agent/heartbeat", "/api/v1/"
_SCHEME = "Bearer "
_ACKNOWLEDGED = HEADER_ACKNOWLEDGED.lower()
_BODY_SECONDS = 15.0


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
        self._fields = {scheme: answer_fields(scheme, behind_proxy=plane.behind_proxy) for scheme in ("http", "https")}

    async def __call__(self, scope: RequestScope, protocol: Any) -> None:
        """Serve one request, as Granian calls for it."""
        body: bytes | None = None
        if scope.path == _HEARTBEAT and _is_small(scope):
            body = await self._small_body(scope, protocol)
            if body is None:
                return
        try:
            answer = self._answer(scope, body)
        except Exception as error:  # A defect here is no answer: the route has its own, and its own boundary.
            logger().error("hot path failed", path=scope.path, **failure_fields(error))
            answer = None
        if answer is None:
            await serve_asgi(self._app, scope, protocol, body)
        elif answer.body:
            protocol.response_bytes(*answer)
        else:
            protocol.response_empty(answer.status, answer.headers)

    def _answer(self, scope: RequestScope, body: bytes | None) -> HotAnswer | None:
        if scope.path == _POLL:
            return self.poll(scope)
        if body is not None:
            return self.heartbeat(scope, body)
        return self.plugin(scope) if scope.path.startswith(_PLUGINS) else None

    async def _small_body(self, scope: RequestScope, protocol: Any) -> bytes | None:
        """The body; None for a client that left, or took too long and has its answer."""
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return bytes(await protocol())
        except TimeoutError:
            late = problem_response(too_slow())
            fields = {"cache-control": "no-store", **late.headers}
            protocol.response_bytes(late.status_code, self._headers(scope, tuple(fields.items())), bytes(late.body))
        except ProtocolClosed:
            pass
        return None

    def poll(self, scope: RequestScope) -> HotAnswer | None:
        """304 to an agent that holds what it should."""
        headers = scope.headers
        lease = None if scope.query_string or scope.method != "GET" else self._lease(headers)
        if lease is None or headers.get_all("if-none-match") != [lease.etag]:
            return None
        said = headers.get(_ACKNOWLEDGED)
        acknowledged = said if said is not None and _DIGEST.fullmatch(said) else None
        org, name = lease.instance.org, lease.instance.name
        # What it acknowledges for the first time is worth a look at what that was.
        if not self._plane.reports.knows(org, name, acknowledged) or not self._counts(org, name):
            return None
        self._plane.reports.seen(org, name, self._plane.clock.now())
        return HotAnswer(304, self._headers(scope, lease.headers), b"")

    def heartbeat(self, scope: RequestScope, body: bytes) -> HotAnswer | None:
        """What an agent should hold, once its report is noted."""
        lease = self._lease(scope.headers)
        if lease is None:
            return None
        try:
            report = parse_body(Heartbeat, body)
            check_heartbeat(report)
        except ClawforgeError:
            return None
        if not self._counts(lease.instance.org, lease.instance.name):
            return None
        self._plane.reports.take(reported(lease.instance, report, self._plane.clock.now()))
        return self._json(scope, lease.body, "application/json")

    def plugin(self, scope: RequestScope) -> HotAnswer | None:
        """What an old plugin asks for."""
        body = self._legacy.body(scope)
        return None if body is None else self._json(scope, body, self._legacy.content_type)

    def _lease(self, headers: RequestHeaders) -> SignedLease | None:
        """The lease for the instance that sends the request, if it is known and all is in memory."""
        shown = headers.get_all("authorization")
        if len(shown) != 1 or not shown[0].startswith(_SCHEME):
            return None
        instance = self._plane.instances.peek(credential_hash(shown[0].removeprefix(_SCHEME)))
        if instance is None:
            return None
        state = self._plane.states.peek(instance.org)
        return None if state is None else self._plane.leases.get(state, instance, self._plane.clock.now())

    def _counts(self, org: str, name: str) -> bool:
        """Count the request; False if it is one too many, which the route will say."""
        try:
            self._plane.limits.instance(org, name)
        except RateLimitedError:
            return False
        return True

    def _json(self, scope: RequestScope, body: bytes, content_type: str) -> HotAnswer:
        length = ("content-length", str(len(body)))
        fields = (("cache-control", "no-store"), ("content-type", content_type), length)
        return HotAnswer(200, self._headers(scope, fields), body)

    def _headers(self, scope: RequestScope, fields: tuple[tuple[str, str], ...]) -> Fields:
        # It names a request in the logs and is no secret.
        number = ("x-request-id", f"{random.getrandbits(128):032x}")
        return [*fields, *self._fields.get(scope.scheme, self._fields["https"]), number]


def _is_small(scope: RequestScope) -> bool:
    """Whether the body is JSON, said to be small, and as long as it is said to be."""
    headers = scope.headers
    length = headers.get_all("content-length")
    return (
        scope.method == "POST"
        and len(length) == 1
        and length[0].isdigit()
        and len(length[0]) < 6
        and int(length[0]) <= TINY_BODY
        and headers.get("transfer-encoding") is None
        and headers.get("content-encoding") is None
        and headers.get_all("content-type") == ["application/json"]
    )
