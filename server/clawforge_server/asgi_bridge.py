"""An ASGI application on Granian's own interface, RSGI.

RSGI answers a request in one call, which the hot paths need; everything else stays an ordinary ASGI application, so
that its tests and tools need no server. Nothing is buffered on the way: a chunk is handed on when the one before it was
taken.
"""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]
from starlette.types import ASGIApp, Message

_UNREADABLE = "\xff"

Fields = list[tuple[str, str]]


class RequestHeaders(Protocol):
    """The headers of a request; names are lower case, and a name may come several times."""

    def keys(self) -> list[str]:
        """Every name once."""

    def get(self, key: str, default: Any = None) -> Any:
        """The first value of a name."""

    def get_all(self, key: str) -> list[str]:
        """Every value of a name."""

    def items(self) -> list[tuple[str, str]]:
        """Every line whose value is ASCII."""


class RequestScope(Protocol):
    """What a request says before its body. The path is decoded."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str

    @property
    def headers(self) -> RequestHeaders:
        """Its headers."""


async def serve_asgi(app: ASGIApp, scope: RequestScope, protocol: Any, body: bytes | None = None) -> None:
    """Serve one request by an ASGI application. `body` is there if it was read already."""
    exchange = _Exchange(protocol, body)
    await app(_asgi_scope(scope), exchange.receive, exchange.send)


def _asgi_scope(scope: RequestScope) -> dict[str, Any]:
    headers = scope.headers.items()
    # A line that is not ASCII is not handed out. That it came must still be seen: a credential that cannot be read is
    # something else than none.
    read = {name for name, _ in headers}
    headers += [(name, _UNREADABLE) for name in scope.headers.keys() if name not in read]  # noqa: SIM118
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": scope.path,
        "query_string": scope.query_string.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": _address(scope.client),
        "server": _address(scope.server),
    }


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port) if port.isdigit() else 0


class _Exchange:
    """The two callables of one ASGI request."""

    def __init__(self, protocol: Any, body: bytes | None) -> None:
        self._protocol = protocol
        self._given = body
        self._chunks: Any = None
        self._is_read = False
        self._start: tuple[int, Fields] = (500, [])
        self._transport: Any = None

    async def receive(self) -> Message:
        """The next part of the body, and after its end word that the client left."""
        if self._is_read:
            await self._protocol.client_disconnect()
            return {"type": "http.disconnect"}
        if self._given is not None:
            self._is_read = True
            return {"type": "http.request", "body": self._given, "more_body": False}
        if self._chunks is None:
            self._chunks = aiter(self._protocol)
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        except ProtocolClosed:
            self._is_read = True
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(self, message: Message) -> None:
        """The beginning of the answer, and the parts of its body."""
        if message["type"] == "http.response.start":
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
            self._start = (message["status"], headers)
            return
        body, is_more = message.get("body", b""), message.get("more_body", False)
        if self._transport is None:
            if not is_more:
                self._protocol.response_bytes(*self._start, body)
                return
            self._transport = self._protocol.response_stream(*self._start)
        if body:
            # Who left is told to the application by `receive`.
            with contextlib.suppress(ProtocolClosed):
                await self._transport.send_bytes(body)
        if not is_more:
            # The answer ends when nobody holds its transport any more: what else holds this exchange must not keep it.
            self._transport = None
