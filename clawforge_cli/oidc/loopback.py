"""Where the browser comes back to: an address of this machine that takes one answer (RFC 8252)."""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from clawforge_cli.oidc.provider import SignInFailedError

PATH = "/callback"
_LONGEST_LINE = 8_192
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>clawforge</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Connection", "close"),
)


class Loopback:
    """Listens on a free port of 127.0.0.1 from the beginning of the block to its end."""

    def __init__(self, state: str) -> None:
        self._arrived = threading.Event()
        self._taking = threading.Lock()
        self._answer: dict[str, str] | None = None
        self._server = _Server(self, state)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def __enter__(self) -> Loopback:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def redirect_uri(self) -> str:
        """The address that the provider sends the browser to."""
        return f"http://127.0.0.1:{self._server.server_port}{PATH}"

    def wait(self, seconds: float) -> dict[str, str]:
        """The parameters of the one answer that carries our state. Raises SignInFailedError when none comes in time."""
        if not self._arrived.wait(seconds) or self._answer is None:
            raise SignInFailedError(
                f"Nobody signed in within {int(seconds // 60)} minutes.",
                hint="Where no browser of this machine can be used, sign in with --device.",
            )
        return self._answer

    def take(self, answer: dict[str, str]) -> bool:
        """False for every answer after the first."""
        with self._taking:
            if self._answer is not None:
                return False
            self._answer = answer
            return True

    def go_on(self) -> None:
        """The browser has its page: what waits for the answer may end this server."""
        self._arrived.set()


class _Server(ThreadingHTTPServer):
    """Threads, since browsers open connections on which they say nothing."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, loopback: Loopback, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.loopback = loopback
        self.state = state

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is nobody's problem."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        """Take the answer that carries our state, in a request that was meant for this very address."""
        parts = urlsplit(self.path[:_LONGEST_LINE])
        fields = parse_qs(parts.query, max_num_fields=20) if len(parts.query) < _LONGEST_LINE else {}
        answer = {name: values[0] for name, values in fields.items() if len(values) == 1}
        meant = self.headers.get("Host") == f"127.0.0.1:{self.server.server_port}" and parts.path == PATH
        if not meant or not hmac.compare_digest(answer.get("state", "").encode(), self.server.state.encode()):
            self._page(404, "Nothing here", "This address waits for one sign-in, and this is not it.")
        elif not self.server.loopback.take(answer):
            self._page(410, "Already used", "This sign-in was answered before.")
        else:
            try:
                self._thank("code" in answer)
            finally:
                self.server.loopback.go_on()

    def _thank(self, signed_in: bool) -> None:
        if signed_in:
            self._page(200, "You can close this window", "The command line goes on with your sign-in.")
        else:
            self._page(200, "Not signed in", "The command line says why. You can close this window.")

    def _page(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in (*_HEADERS, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def version_string(self) -> str:
        """Nobody needs to know what this runs on."""
        return "clawforge"

    def log_message(self, format: str, *args: Any) -> None:
        """The request holds the code; it is written nowhere."""
