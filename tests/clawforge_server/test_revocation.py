"""Revocations during load, against a real process: two seconds later nobody gets anything by what was revoked.

The suite takes a slice; `make chaos` takes a thousand.
"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from server_process import PROGRAM, ServerProcess, apply, company, server_process

REVOCATIONS = int(os.environ.get("CLAWFORGE_CHAOS_REVOCATIONS", "60"))
MUTANT_REVOCATIONS = 10
GRACE = 2.0
WORKERS = 4
PROXY = "--behind-proxy"
"""So that every request may come from an address of its own: guessing is slowed down by address."""
MUTANT = Path(__file__).with_name("forgetful_server.py")


@dataclass
class Witness:
    """What was revoked when, and what succeeded later all the same."""

    revoked: dict[str, float] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    served: int = 0
    refused: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def saw(self, token: str, asked: float, status: int) -> None:
        """Note an answer to a request that was sent at `asked`."""
        since = self.revoked.get(token)
        if status == 200:
            self.served += 1
            if since is not None and asked > since + GRACE:
                self.late.append(token)
        elif status == 401 and since is not None:
            self.refused += 1


def load(url: str, tokens: list[str], witness: Witness) -> None:
    """Ask again and again with tokens drawn at random, until told to stop."""
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
        while not witness.stop.is_set():
            token = random.choice(tokens)
            address = f"198.18.{random.randrange(256)}.{random.randrange(256)}"
            headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": address}
            asked = time.monotonic()
            answer = client.get("/v1/orgs/acme/keys", headers=headers)
            witness.saw(token, asked, answer.status_code)


def make_key(client: httpx.Client) -> dict[str, Any]:
    made = client.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["keys:read"]})
    assert made.status_code == 201, made.text
    document: dict[str, Any] = made.json()
    return document


def storm(server: ServerProcess, count: int) -> Witness:
    """Revoke `count` of the keys that are in use, one after the other."""
    witness = Witness()
    with server.client() as client:
        apply(client, company())
        keys = [make_key(client) for _ in range(count + 10)]
        tokens = [key["token"] for key in keys]
        threads = [threading.Thread(target=load, args=(server.url, tokens, witness)) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(0.5)
            for key in keys[:count]:
                assert client.delete(f"/v1/orgs/acme/tokens/{key['id']}").status_code == 204
                witness.revoked[key["token"]] = time.monotonic()
            time.sleep(GRACE + 1)
        finally:
            witness.stop.set()
            for thread in threads:
                thread.join()
    return witness


def test_two_seconds_after_a_revocation_nothing_succeeds(tmp_path: Path) -> None:
    with server_process(tmp_path / "data", program=(*PROGRAM, PROXY)) as server:
        witness = storm(server, REVOCATIONS)
    assert witness.late == []
    assert witness.served > 0
    assert witness.refused > 0


def test_a_server_that_forgets_to_forget_is_caught(tmp_path: Path) -> None:
    with server_process(tmp_path / "data", program=(str(MUTANT), PROXY)) as server:
        witness = storm(server, MUTANT_REVOCATIONS)
    assert witness.late


def test_an_open_stream_ends_with_its_credential(tmp_path: Path) -> None:
    with server_process(tmp_path / "data") as server, server.client() as owner:
        apply(owner, company())
        made = owner.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["audit:read"]}).json()
        with (
            server.client(made["token"]) as listener,
            listener.stream("GET", "/v1/orgs/acme/audit/stream") as stream,
        ):
            assert stream.status_code == 200
            lines = stream.iter_lines()
            next(lines)
            revoked = time.monotonic()
            assert owner.delete(f"/v1/orgs/acme/tokens/{made['id']}").status_code == 204
            for _ in lines:
                assert time.monotonic() < revoked + GRACE + 1, "the stream goes on"
            assert time.monotonic() < revoked + GRACE
