"""The same faults for the agent as a process, asked over its socket: a kill holds through all of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_server import now
from faulty_server import Fault, FaultyServer, wrongs
from signing_world import DEV, SigningWorld, policy

from clawforge.errors import ClawforgeError
from clawforge.resource.policy_test import Effect
from clawforge_cli.agent.asker import ask, question

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
OFFLINE = {"mode": "cached", "lease": "1s", "maxStale": "1h"}


@contextmanager
def daemon(state: Path, *arguments: str) -> Iterator[None]:
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


def passes(state: Path) -> bool | None:
    """Whether a call passes; None while no agent answers."""
    try:
        return ask(state, question("read", {})).effect is Effect.ALLOW
    except ClawforgeError:
        return None


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)


def grown(count: Callable[[], int]) -> None:
    before = count()
    until(lambda: count() > before)


def test_a_kill_holds_through_every_fault_and_through_a_start_under_each(tmp_path: Path) -> None:
    world = SigningWorld([policy(offline=OFFLINE)])
    recorded = (world.full(DEV, now()), world.unchanged(DEV, now()))
    state = tmp_path / "state"
    with FaultyServer(world) as server:
        with daemon(state, "--server", server.url, "--enroll", server.token):
            until(lambda: passes(state) is True)
            world.set_kill("org")
            until(lambda: passes(state) is False)
            for fault in Fault:
                server.answer_with(wrongs(fault, recorded, world))
                grown(lambda: len(server.polls))
                assert passes(state) is False, fault
                server.answer_with(None)
                grown(lambda: server.honest_answers)
                assert passes(state) is False, fault
        server.answer_with(tuple(wrong for fault in Fault for wrong in wrongs(fault, recorded, world)))
        with daemon(state):
            until(lambda: passes(state) is not None)
            assert passes(state) is False
            server.answer_with(None)
            world.set_kill()
            until(lambda: passes(state) is True)
