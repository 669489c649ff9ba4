"""Real git repositories served by `git http-backend`, with a token, and with the faults that a network has."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class GitHttp:
    """A server of the repositories below a folder. What it does can be changed while it runs."""

    root: Path
    url: str = ""
    token: str | None = None
    """The password that is asked for; None for none."""
    status: int | None = None
    """Answer this to everything."""
    location: str = ""
    cut: int | None = None
    """Close the connection after so many bytes of a pack."""
    asked: list[str] = field(default_factory=list)
    credentials: set[str] = field(default_factory=set)


class _Handler(BaseHTTPRequestHandler):
    state: GitHttp

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, body: bytes) -> None:
        self.state.asked.append(f"{self.command} {self.path}")
        if self.state.status is not None:
            self.plain(self.state.status)
        elif not self.may_enter():
            self.plain(401)
        else:
            self.backend(body)

    def plain(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        if 300 <= status < 400:
            self.send_header("Location", self.state.location + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def may_enter(self) -> bool:
        given = self.headers.get("Authorization", "")
        if given.startswith("Basic "):
            self.state.credentials.add(base64.b64decode(given[6:]).decode())
        return self.state.token is None or f":{self.state.token}" in "".join(
            base64.b64decode(part).decode() for part in given.split()[1:]
        )

    def backend(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(self.state.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        cut = self.state.cut if b"PACK" in content else None
        self.wfile.write(content[:cut])
        if cut is not None:
            self.close_connection = True


@contextmanager
def git_http(root: Path) -> Iterator[GitHttp]:
    """Serve the repositories below a folder."""
    state = GitHttp(root)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
