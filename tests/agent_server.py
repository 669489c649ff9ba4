"""A small real HTTP server that speaks to agents as the control plane does, signing with the library's functions."""

from __future__ import annotations

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from signing_world import DEV, SigningWorld

from clawforge.bundle import bundle_digest
from clawforge.dsse import envelope_json, read_envelope
from clawforge.keys import encode_public_key, make_enrollment_token
from clawforge.lease import lease_header
from clawforge.resolve.subject import Subject
from clawforge.trust import Answer

CREDENTIAL = "cfa_credential-of-the-test-agent"


def now() -> dt.datetime:
    """The server's clock."""
    return dt.datetime.now(dt.UTC)


class AgentServer:
    """Serves one subject of one world. Tests set `refuse`, `tamper` and `clock` to misbehave on purpose."""

    def __init__(self, world: SigningWorld, subject: Subject = DEV) -> None:
        self.world = world
        self.subject = subject
        self.clock = now
        self.token = make_enrollment_token(bytes(range(24)), world.root.public)
        self.polls: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.minted: list[tuple[str | None, dict[str, Any]]] = []
        self.refuse: int | None = None
        self.tamper: Any = None
        self.root_key = encode_public_key(world.root.public)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> AgentServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def enrolment(self) -> dict[str, Any]:
        return {
            "org": self.world.org,
            "instance": self.subject.instance,
            "user": self.subject.user,
            "credential": CREDENTIAL,
            "rootKey": self.root_key,
            "keys": envelope_json(self.world.keys(self.clock())),
        }

    def poll(self, held: str | None) -> tuple[int, Answer]:
        moment = self.clock()
        digest = bundle_digest(self.world.bundle(self.subject, moment))
        if held == f'"{digest}"':
            status, answer = 304, self.world.unchanged(self.subject, moment)
        else:
            status, answer = 200, self.world.full(self.subject, moment)
        return self.tamper(status, answer) if self.tamper is not None else (status, answer)


def _handler(server: AgentServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == f"/v1/orgs/{server.world.org}/enrollments":
                server.minted.append((self.headers["Authorization"], body))
                self._send(201, {"id": "e-1", "token": server.token, "expiresAt": "2026-11-20T13:00:00Z"})
            elif self.path != "/v1/enroll" or body["token"] != server.token:
                self._problem(401, "bad-token", "This enrolment token is not known.")
            else:
                self._send(201, server.enrolment())

        def do_GET(self) -> None:
            server.polls.append(dict(self.headers))
            server.paths.append(self.path)
            if server.refuse is not None:
                self._problem(server.refuse, "refused", "Refused on purpose.")
            elif self.headers["Authorization"] != f"Bearer {CREDENTIAL}":
                self._problem(401, "bad-credential", "Not known.")
            else:
                status, answer = server.poll(self.headers["If-None-Match"])
                lease = lease_header(read_envelope(answer.lease)) if answer.lease is not None else None
                body = {"keys": answer.keys, "bundle": answer.bundle} if status == 200 else None
                self._send(status, body, lease)

        def _problem(self, status: int, code: str, detail: str) -> None:
            self._send(status, {"title": code, "status": status, "code": code, "detail": detail})

        def _send(self, status: int, body: object, lease: str | None = None) -> None:
            raw = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            if lease is not None:
                self.send_header("ClawForge-Lease", lease)
            if status != 304:
                self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
