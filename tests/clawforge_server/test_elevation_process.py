"""Breaking glass with everything real: a server, an agent of its own process, and nobody left when the time is over."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from event_reader import reading
from server_process import apply, company, resource, server_process

from clawforge.canonical import digest
from clawforge.decide.request import Decision
from clawforge.errors import ClawforgeError
from clawforge.lease import read_lease_header
from clawforge.resource.policy_test import Effect
from clawforge_cli.agent.asker import ask, question

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
GLASS = resource(
    "ElevationPolicy",
    "glass",
    appliesTo="everyone",
    grants=[{"name": "shell", "tools": ["exec", "gateway"], "approvals": {"count": 0}}],
)
GUARDRAIL = resource("Policy", "control", mode="guardrail", appliesTo="everyone", tools={"deny": ["gateway"]})
LIFTED_SECONDS = 8


@contextmanager
def agent(state: Path, *arguments: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "clawforge_cli", "agent", "run", "--state", str(state), *arguments],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def decision(state: Path, tool: str) -> Decision | None:
    try:
        return ask(state, question(tool, {"command": "make"} if tool == "exec" else {}))
    except ClawforgeError:
        return None


def passes(state: Path, tool: str) -> bool | None:
    found = decision(state, tool)
    return None if found is None else found.effect is Effect.ALLOW


def document(envelope: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return found


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.05)


def test_an_elevation_ends_though_the_server_died(tmp_path: Path) -> None:
    state = tmp_path / "agent"
    with server_process(tmp_path / "data") as server:
        with server.client() as owner:
            apply(owner, company(GLASS, GUARDRAIL))
            token = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
        with agent(state, "--server", server.url, "--enroll", token):
            until(lambda: passes(state, "read") is True)
            assert passes(state, "exec") is False
            credential = json.loads((state / "state.json").read_bytes())["state"]["credential"]
            asked = {"grant": "shell", "reason": "the disk is full", "ttl": LIFTED_SECONDS}
            with reading(server, credential) as reader, server.client(credential) as machine:
                reader.wait(1)
                answer = machine.post("/v1/agent/overlays", json=asked)
                assert answer.status_code == 201, answer.text
                news, poll = reader.wait(2)[1], machine.get("/v1/agent/policy")
            assert news.name == "policy"
            told = [document(news.data["lease"]), document(read_lease_header(poll.headers["ClawForge-Lease"]))]
            assert [lease["serial"] for lease in told] == [news.data["serial"]] * 2
            assert {lease["overlays"] for lease in told} == {digest(document(poll.json()["bundle"])["overlays"])}
            until(lambda: passes(state, "exec") is True)
            server.kill()
            lifted = decision(state, "exec")
            assert (
                lifted is None
                or lifted.effect is Effect.DENY
                or "elevated" in {record.code for record in lifted.obligations.record}
            )
            assert passes(state, "gateway") is False
            until(lambda: passes(state, "exec") is False)
            assert passes(state, "read") is True
        with agent(state):
            until(lambda: passes(state, "read") is True)
            assert passes(state, "exec") is False
