"""Forges on this machine: they answer what GitHub and GitLab document, over real HTTP, and keep what they were sent."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "forge-token-0123456789"
BOT = {"login": "github-actions[bot]", "id": 41898282, "type": "Bot"}
GITLAB_BOT = {"id": 900, "username": "project_22_bot", "name": "clawforge"}


def github_user(login: str, number: int, kind: str = "User") -> dict[str, Any]:
    """A user as GitHub shows one."""
    return {"login": login, "id": number, "type": kind, "node_id": f"U_{number}", "site_admin": False}


def gitlab_user(username: str, number: int) -> dict[str, Any]:
    """A user as GitLab shows one."""
    return {"id": number, "username": username, "name": username.title(), "state": "active"}


@dataclass
class Sent:
    """A request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    next: int | None = None


@dataclass
class ForgeApi:
    """`comments` are those of the one change, oldest first. `documents` are answered by path, lists page by page."""

    url: str = ""
    kind: str = "github"
    comments: list[dict[str, Any]] = field(default_factory=list)
    documents: dict[str, Any] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    serial: int = 100
    largest_page: int = 100
    elsewhere: str | None = None
    """Where a list goes on, by the word of the forge, if not here."""

    def writes(self) -> list[tuple[str, str]]:
        """What was changed: method and path."""
        return [(item.method, item.path) for item in self.sent if item.method != "GET" and item.path != "/graphql"]

    def comment(self, by: dict[str, Any], body: str, **more: Any) -> dict[str, Any]:
        """A comment that somebody made."""
        self.serial += 1
        whose = {"user": by} if self.kind == "github" else {"author": by, "system": False}
        made = {"id": self.serial, "body": body, "created_at": "2026-11-20T10:00:00Z", **whose, **more}
        self.comments.append(made)
        return made

    def answer(self, item: Sent) -> tuple[int, Any]:
        """Status and document."""
        token = item.headers.get("authorization", "").removeprefix("Bearer ") or item.headers.get("private-token")
        if token != TOKEN:
            return 401, {"message": "Bad credentials"}
        if item.method in self.refuses:
            return 403, {"message": "Resource not accessible by integration ::error::pwned"}
        if item.path == "/graphql":
            return 200, {"data": {"viewer": {"login": BOT["login"]}}}
        if self.kind == "gitlab" and item.path == "/api/v4/user":
            return 200, GITLAB_BOT
        found = self._commenting(item)
        if found is not None:
            return found
        if item.method == "GET" and item.path in self.documents:
            return 200, self._page(self.documents[item.path], item)
        return 404, {"message": "Not Found"}

    def _commenting(self, item: Sent) -> tuple[int, Any] | None:
        one = re.fullmatch(r".*/(?:issues/comments|merge_requests/\d+/notes)/(\d+)", item.path)
        if one is not None:
            (found,) = [comment for comment in self.comments if comment["id"] == int(one[1])]
            if item.method == "DELETE":
                self.comments.remove(found)
                return 204, None
            found["body"] = item.body["body"]
            return 200, found
        if re.fullmatch(r".*/(?:issues/\d+/comments|merge_requests/\d+/notes)", item.path) is None:
            return None
        if item.method == "POST":
            longest = 65_536 if self.kind == "github" else 1_000_000
            if len(item.body["body"]) > longest:
                return 422, {"message": "body is too long"}
            return 201, self.comment(BOT if self.kind == "github" else GITLAB_BOT, item.body["body"])
        return 200, self._page(self.comments, item)

    def more(self, item: Sent) -> dict[str, str]:
        """The headers that say where a list goes on."""
        if self.kind == "gitlab":
            return {"X-Next-Page": "" if item.next is None else str(item.next)}
        if item.next is None:
            return {}
        rest = f"{item.path}?per_page={item.query['per_page'][0]}&page={item.next}"
        return {"Link": f'<{self.elsewhere or self.url}{rest}>; rel="next", <{self.url}{item.path}>; rel="first"'}

    def _page(self, document: Any, item: Sent) -> Any:
        if not isinstance(document, list):
            return document
        size, number = int(item.query.get("per_page", ["30"])[0]), int(item.query.get("page", ["1"])[0])
        size = min(size, self.largest_page)
        item.next = number + 1 if size * number < len(document) else None
        return document[size * (number - 1) : size * number]


@contextmanager
def forge_api(kind: str = "github") -> Iterator[ForgeApi]:
    """A forge at a port of its own. Its address is that of the API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    api = ForgeApi(f"http://127.0.0.1:{server.server_port}{'/api/v4' if kind == 'gitlab' else ''}", kind)
    server.api = api  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    def _handle(self) -> None:
        api: ForgeApi = self.server.api  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(data) if data else None
        sent = Sent(self.command, unquote(parts.path), parse_qs(parts.query), headers, body)
        api.sent.append(sent)
        status, document = api.answer(sent)
        text = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        for name, value in api.more(sent).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

    def log_message(self, format: str, *args: Any) -> None:
        pass
