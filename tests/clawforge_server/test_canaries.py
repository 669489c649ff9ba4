"""The secrets of a day are canaries: none is found in the log, the database, the audit trail or another answer."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import ServerProcess, apply, company, resource, server_process

PASSWORD = "canary-battery-staple-9317"
WRONG = [
    "cf_live_canaryGuessed0123456789",
    "cf_instance_canaryGuessed987654",
    "canary-guessed-password-1",
    "canary-code-55",
]
NUMBER = "3141592653589793"
REVEALING = {"token", "accessToken", "refreshToken", "credential", "code"}


@dataclass
class Day:
    """What was said to the server and by it. An answer may hold the secret that it makes, and no other."""

    client: httpx.Client
    secrets: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def send(self, method: str, path: str, status: int, token: str | None = None, **options: Any) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = self.client.request(method, path, headers=headers, **options)
        assert answer.status_code == status, answer.text
        document = answer.json() if answer.content else {}
        if status in {200, 201} and method == "POST":
            self.secrets |= {document.pop(name) for name in REVEALING & set(document) if document[name] is not None}
        self.said.append(json.dumps(document) + str(answer.headers))
        return json.loads(answer.content or b"{}")


def work(day: Day) -> None:
    """A key, a password, sessions, an agent; used, refused, rotated, revoked, reused."""
    org = "/v1/orgs/acme"
    key = day.send("POST", f"{org}/tokens", 201, json={"name": "k", "permissions": ["state:read"]})
    day.send("POST", f"{org}/tokens/{key['id']}/rotate", 201, json={})
    day.send("GET", f"{org}/state", 200, key["token"])
    day.send("DELETE", f"{org}/instances/x", 403, key["token"])
    day.send("DELETE", f"{org}/tokens/{key['id']}", 204)
    day.send("GET", f"{org}/state", 401, key["token"])
    code = day.send("POST", f"{org}/password-resets", 201, json={"user": "dev"})["code"]
    day.send("POST", "/v1/passwords", 200, json={"code": code, "password": PASSWORD})
    day.send("POST", "/v1/passwords", 401, json={"code": code, "password": PASSWORD})
    sign_in = {"grant": "password", "email": "dev@acme.example", "password": PASSWORD}
    session = day.send("POST", f"{org}/sessions", 201, json=sign_in)
    day.send("GET", f"{org}/whoami", 200, session["accessToken"])
    day.send("POST", "/v1/sessions/refresh", 200, json={"refreshToken": session["refreshToken"]})
    day.send("POST", "/v1/sessions/refresh", 401, json={"refreshToken": session["refreshToken"]})
    day.send("GET", f"{org}/whoami", 401, session["accessToken"])
    enrollment = day.send("POST", f"{org}/enrollments", 201, json={"user": "dev"})
    agent = day.send("POST", "/v1/enroll", 201, json={"token": enrollment["token"]})
    day.send("POST", "/v1/enroll", 401, json={"token": enrollment["token"]})
    day.send("GET", "/v1/agent/policy", 200, agent["credential"])
    day.send("POST", "/v1/agent/credential", 201, agent["credential"])
    day.send("GET", f"{org}/state", 403, agent["credential"])
    day.send("DELETE", f"{org}/instances/{agent['instance']}", 204)
    misplaced(day)
    for path in ("audit?limit=1000", "tokens", "sessions", "enrollments", "instances", "users", "state"):
        day.send("GET", f"{org}/{path}", 200)


def misplaced(day: Day) -> None:
    """Secrets where none belongs, and secrets that are none."""
    org, secret = "/v1/orgs/acme", min(text for text in day.secrets if text.startswith("cf_"))
    day.send("POST", "/v1/passwords", 422, json={"code": int(NUMBER), "password": int(NUMBER)})
    for wrong in (*WRONG, secret):
        day.send("GET", f"{org}/state", 401, f"{wrong}x")
        day.send("POST", "/v1/enroll", 401, json={"token": wrong})
        day.send("POST", "/v1/enroll", 422, json={"token": [wrong]})
        day.send("POST", "/v1/enroll", 422, json={"token": {"value": wrong}})
        day.send("POST", "/v1/passwords", 422, json={"code": [wrong], "password": [wrong]})
        day.send("POST", "/v1/sessions/refresh", 422, json={"refreshToken": {"a": wrong}})
        day.send(
            "POST", f"{org}/sessions", 401, json={"grant": "password", "email": "dev@acme.example", "password": wrong}
        )
        day.send(
            "POST", f"{org}/sessions", 422, json={"grant": "password", "email": "dev@acme.example", "password": [wrong]}
        )


def everything_written(server: ServerProcess) -> bytes:
    """The log, and each file of the server but the two that hold a secret on purpose, for their owner alone."""
    files = [file for file in server.data.rglob("*") if file.is_file()]
    on_purpose = [file for file in files if file.name in {"bootstrap-token", "master-key"}]
    assert len(on_purpose) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)
    master = (server.data / "master-key").read_text().strip()
    assert master
    written = b"".join(file.read_bytes() for file in {*files} - {*on_purpose}) + server.log.read_bytes()
    assert master.encode() not in written
    return written


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_canary_sings(tmp_path: Path) -> None:
    own = [item for item in company() if item["kind"] != "Organization"]
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            apply(client, [resource("Organization", "acme", passwords={"enabled": True}), *own])
            day = Day(client, {server.token, PASSWORD})
            work(day)
        process = Path("/proc") / str(server.process.pid)
        seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert server.stop() == 0
        written = seen + everything_written(server)
    assert len(day.secrets) >= 10
    for secret in {*day.secrets, *WRONG, NUMBER}:
        # The random part alone is as good as the whole.
        tail = secret[-20:]
        assert tail.encode() not in written, f"{secret[:12]}... was written down"
        assert not [line for line in day.said if tail in line], f"{secret[:12]}... was said again"


@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred", "\u202egnp", "\x00", "\u2028", '"}\n{"event": "forged"'])
def test_a_line_of_the_log_stays_one_line(logged: Any, text: str) -> None:
    import logging

    from clawforge_server.log import logger

    logger().info("failed", route=text)
    logging.getLogger("library").warning("said %s", text)
    lines = logged.getvalue().split("\n")
    assert len(lines) == 3
    assert json.loads(lines[0])["route"] == text
    assert json.loads(lines[1])["event"] == f"said {text}"
    assert logged.getvalue().isascii()
    assert logged.getvalue().replace("\n", "").isprintable()


def test_what_holds_a_secret_does_not_print_it() -> None:
    import datetime as dt

    from clawforge.keys import EnrollmentToken, SigningKey
    from clawforge.wire_enrollment import EnrollmentAnswer
    from clawforge.wire_identity import PasswordRequest, RefreshRequest, SessionAnswer
    from clawforge_server.store.records import KeyRecord

    canary, now = "cf_canary_0123456789abcdef", dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    seed = canary[:32].ljust(32, "x").encode()
    holders: list[object] = [
        EnrollmentToken(canary, "print"),
        SigningKey(seed),
        KeyRecord("ed25519:0", "root", 1, b"public", seed, now),
        EnrollmentAnswer(id="x", token=canary, expires_at=now),
        RefreshRequest.model_construct(refresh_token=canary),
        PasswordRequest.model_construct(code=canary, password=canary),
        SessionAnswer.model_construct(access_token=canary, refresh_token=canary),
    ]
    for holder in holders:
        assert canary not in f"{holder!r} {holder!s}"
        assert "0123456789abcdef" not in repr([holder])
