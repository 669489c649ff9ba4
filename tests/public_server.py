"""A stand-in for the public ClawForge server: real HTTP on a port, with answers as they were recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from clawforge.adoption.public_documents import PATHS

RECORDED = Path(__file__).parent / "fixtures" / "public_clawforge" / "recorded.json"
ORG = "3fcab899-87f3-44b5-8d5d-182e18517700"
TOKEN = "cf_live_test-of-the-import"


def recorded() -> dict[str, Any]:
    """The answers, by member."""
    document: dict[str, Any] = json.loads(RECORDED.read_text())
    return document


@dataclass
class PublicServer:
    """Where it listens, what it was asked, and what it does instead of answering, by path."""

    url: str
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    odd: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)


def path_of(part: str) -> str:
    """Where the answer of a member is."""
    return "/api/v1/" + PATHS[part].format(org=ORG)  # type: ignore[index]


@contextmanager
def public_server(answers: Mapping[str, Any]) -> Iterator[PublicServer]:
    """A server with these answers; it refuses every other token, and has nothing else."""
    by_path = {path_of(part): json.dumps(answer).encode() for part, answer in answers.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers["Authorization"]
            server.asked.append((self.path, given))
            if self.path in server.odd:
                server.odd[self.path](self)
            elif given != f"Bearer {TOKEN}":
                send(self, 401, b'{"error":"Invalid or expired token"}')
            elif self.path in by_path:
                send(self, 200, by_path[self.path])
            else:
                send(self, 404, b'{"message":"Route not found","error":"Not Found","statusCode":404}')

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests read what the program under test says."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        server = PublicServer(f"http://127.0.0.1:{listener.server_port}")
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """A whole answer."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.send_header("Content-Type", "application/json; charset=utf-8")
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)
