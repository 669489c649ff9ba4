"""Headers of every answer: whatever a browser is talked into loading from here, it neither runs, frames nor keeps it.

There is no `Access-Control-Allow-Origin`, ever: no web page speaks for a person here, and a preflight is refused.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_STORE = (b"cache-control", b"no-store")
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    # The HTTP server writes its own name unless there is one.
    (b"server", b"clawforge"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")


def answer_fields(scheme: str, *, behind_proxy: bool) -> tuple[tuple[str, str], ...]:
    """The same headers as text, for answers that go past this middleware; such an answer has a `cache-control`."""
    headers = (*_HEADERS, _HSTS) if behind_proxy or scheme == "https" else _HEADERS
    return tuple((name.decode(), value.decode()) for name, value in headers)


class AnswerHeaders:
    """ASGI middleware. `behind_proxy`: a proxy ends TLS, so that clients are under TLS although we are not."""

    def __init__(self, app: ASGIApp, *, behind_proxy: bool) -> None:
        self._app = app
        self._behind_proxy = behind_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _HEADERS
        if self._behind_proxy or scope.get("scheme") == "https":
            headers = (*_HEADERS, _HSTS)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(message, headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add(message: MutableMapping[str, Any], headers: tuple[tuple[bytes, bytes], ...]) -> None:
    given = message["headers"] = [*message.get("headers", ()), *headers]
    if not any(name.lower() == b"cache-control" for name, _ in given):
        given.append(_NO_STORE)
