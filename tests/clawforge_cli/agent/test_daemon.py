"""The agent as a real process, asked by the real command."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from agent_server import AgentServer
from signing_world import SigningWorld, policy

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
SHORT = {"mode": "cached", "lease": "1s", "maxStale": "6s"}


def clawforge(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawforge_cli", *arguments]
    return subprocess.run(
        command, env=ENVIRONMENT | environment, capture_output=True, text=True, timeout=60, check=False
    )


def check(state: Path, tool: str, *more: str) -> subprocess.CompletedProcess[str]:
    return clawforge("agent", "check", "--state", str(state), "--tool", tool, *more)


class Running:
    """An agent process and what it says."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log

    def said(self, text: str) -> bool:
        return text in self.log.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.05)


def listening(state: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(state / "agent.sock")) == 0


@contextmanager
def agent(state: Path, *arguments: str, **environment: str) -> Iterator[Running]:
    log = state.with_suffix(".log")
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "clawforge_cli", "agent", "run", "--state", str(state), *arguments],
            env=ENVIRONMENT | environment,
            stdout=subprocess.DEVNULL,
            stderr=stream,
            text=True,
        )
    running = Running(process, log)
    try:
        until(lambda: listening(state) or process.poll() is not None)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with AgentServer(SigningWorld([policy(tools={"deny": ["exec"]}, offline=SHORT)])) as running:
        yield running


def enrolled(state: Path, server: AgentServer) -> None:
    """A state directory of an agent that got its policy and ended."""
    with agent(state, "--server", server.url, "--enroll", server.token) as running:
        until(lambda: running.said("Enforcing revision 1 for dev (instance i-1)"))
        assert running.stop() == 0


def test_the_life_of_an_agent(tmp_path: Path, server: AgentServer) -> None:
    state = tmp_path / "state"
    with agent(state, "--server", server.url, CLAWFORGE_ENROLL_TOKEN=server.token) as running:
        until(lambda: running.said("Enforcing revision 1 for dev (instance i-1)"))
        allowed = check(state, "read", "--params", '{"path": "/tmp/x"}')
        assert (allowed.returncode, allowed.stdout.splitlines()[0]) == (0, "allow")
        refused = check(state, "exec", "--params", '{"command":"ls"}', "--format", "json")
        decision = json.loads(refused.stdout)
        assert refused.returncode == 3
        assert (decision["effect"], decision["reasons"][0]["resource"]) == ("deny", "Policy/default")
        for bad in ("{", "[]", "7", '"text"'):
            wrong = check(state, "read", "--params", bad)
            assert (wrong.returncode, wrong.stdout) == (1, "")
            assert "Traceback" not in wrong.stderr
        second = clawforge("agent", "run", "--state", str(state))
        assert second.returncode != 0
        assert "Another agent is running" in second.stderr
        assert running.stop(signal.SIGINT) == 0
        assert not (state / "agent.sock").exists()
        assert server.token not in running.log.read_text(encoding="utf-8")
    gone = check(state, "read")
    assert gone.returncode == 1
    assert "No agent answers" in gone.stderr


def test_later_starts_need_no_token_and_ignore_one(tmp_path: Path, server: AgentServer) -> None:
    state = tmp_path / "state"
    enrolled(state, server)
    with agent(state, "--enroll", server.token, CLAWFORGE_SERVER="https://elsewhere.example") as running:
        until(lambda: running.said("Enforcing revision 1"))
        assert running.said("already enrolled as instance i-1 of acme")
        assert check(state, "read").returncode == 0
        assert running.stop() == 0


def test_the_last_good_policy_then_its_end_then_deny(tmp_path: Path, server: AgentServer) -> None:
    state = tmp_path / "state"
    with agent(state, "--server", server.url, "--enroll", server.token) as running:
        until(lambda: running.said("Enforcing revision 1"))
        server.refuse = 503
        assert check(state, "read").returncode == 0
        until(lambda: check(state, "read").returncode == 3)
        assert "policy-expired" in check(state, "read").stdout
        running.process.kill()
        running.process.wait(10)
    with agent(state) as running:
        assert check(state, "read").returncode == 3
        server.refuse = None
        until(lambda: check(state, "read").returncode == 0)
        assert running.stop() == 0


@pytest.mark.parametrize("damage", [b"", b"{}", None])
def test_a_damaged_state_denies_and_is_left_alone(tmp_path: Path, server: AgentServer, damage: bytes | None) -> None:
    state = tmp_path / "state"
    enrolled(state, server)
    path = state / "state.json"
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"revision', b'"revisioM').replace(b"a", b"b", 1) if damage is None else damage)
    damaged = path.read_bytes()
    with agent(state, "--server", server.url, "--enroll", server.token) as running:
        refused = check(state, "read")
        assert (refused.returncode, refused.stdout.splitlines()[0]) == (3, "deny")
        assert running.said("cannot be used")
        assert running.said("enrol this machine again")
        assert running.stop() == 0
    assert path.read_bytes() == damaged


def test_a_deleted_state_is_no_permission(tmp_path: Path, server: AgentServer) -> None:
    state = tmp_path / "state"
    enrolled(state, server)
    (state / "state.json").unlink()
    started = clawforge("agent", "run", "--state", str(state))
    assert started.returncode == 1
    assert "not enrolled" in started.stderr
    assert check(state, "read").returncode == 1


def test_errors_at_the_start_are_sentences(tmp_path: Path, server: AgentServer) -> None:
    def started(*arguments: str) -> str:
        result = clawforge("agent", "run", "--state", str(tmp_path / "new"), *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert "Traceback" not in result.stderr
        return result.stderr

    assert "not enrolled" in started()
    assert "no enrolment token" in started("--server", server.url, "--enroll", "hunter2")
    assert "plain HTTP" in started("--server", "http://192.0.2.1", "--enroll", server.token)
    assert "cannot be reached" in started("--server", "http://127.0.0.1:1", "--enroll", server.token)
    assert not (tmp_path / "new" / "state.json").exists()
