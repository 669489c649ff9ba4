"""What a real agent's calls leave in the log of a real control plane, when both are cut off and killed."""

from __future__ import annotations

import collections
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from server_process import ServerProcess, apply, company, free_port, server_process

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
EVENTS = int(os.environ.get("CLAWFORGE_SPOOL_EVENTS", "5000"))
_AT_ONCE = 1_000
"""Questions that are sent before their answers are read: more would fill the buffers of the socket."""


def until(condition: Callable[[], bool], seconds: float = 40 + EVENTS / 500) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.1)


class Agent:
    """A running one, and questions to it."""

    def __init__(self, state: Path, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._address = str(state / "agent.sock")
        self._log = log

    def said(self, text: str) -> bool:
        return text in self._log.read_text(encoding="utf-8")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def ask(self, tools: Iterable[str], *, leave: int | None = None) -> list[str]:
        """The tools that were judged. With `leave` the agent is killed after so many answers."""
        self.messages: list[str] = []
        names = list(tools)
        answered = 0
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self._address)
            client.settimeout(20)
            lines = client.makefile("rb")
            while answered < len(names) and answered != leave:
                if answered % _AT_ONCE == 0:
                    some = names[answered : answered + _AT_ONCE]
                    client.sendall(b"".join(json.dumps({"tool": name}).encode() + b"\n" for name in some))
                line = lines.readline()
                answer = json.loads(line)
                assert "decision" in answer
                self.messages += [item["text"] for item in answer.get("messages", ())]
                answered += 1
                if answered == leave:
                    self.kill()
        return names[:answered]


@contextmanager
def agent(state: Path, *arguments: str) -> Iterator[Agent]:
    log = state.with_suffix(".log")
    command = [sys.executable, "-m", "clawforge_cli", "agent", "run", "--state", str(state), *arguments]
    with log.open("ab") as stream:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=stream)
    running = Agent(state, process, log)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            until(lambda: probe.connect_ex(str(state / "agent.sock")) == 0 or process.poll() is not None)
        assert process.poll() is None, log.read_text(encoding="utf-8")
        yield running
    finally:
        if process.poll() is None:
            running.kill()


def enrolled(server: ServerProcess, owner: httpx.Client, **more: Any) -> tuple[str, ...]:
    """The arguments with which an agent joins."""
    minted = owner.post("/v1/orgs/acme/enrollments", json={"user": "dev", "instance": "laptop", **more})
    return "--server", server.url, "--enroll", minted.json()["token"]


def logged(owner: httpx.Client, **filters: str) -> list[dict[str, Any]]:
    """Everything of the log that fits, oldest first."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = owner.get("/v1/orgs/acme/audit", params={"limit": "1000", **filters, **cursor}).json()
        found += page["events"]
        if page.get("next") is None:
            return found
        cursor = {"after": str(page["next"])}


def newest(owner: httpx.Client) -> str | None:
    """The tool of the last call of the log."""
    found = owner.get("/v1/orgs/acme/audit?class=call&limit=1&order=newest").json()["events"]
    return str(found[0]["target"]) if found else None


def sequences(owner: httpx.Client) -> list[int]:
    return sorted(item["detail"]["sequence"] for item in logged(owner) if "sequence" in item["detail"])


def test_an_outage_and_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    data, port, state = tmp_path / "data", free_port(), tmp_path / "agent"
    tools = iter(f"t-{number}" for number in range(2 * EVENTS))
    judged: list[str] = []

    def some(count: int) -> list[str]:
        return [next(tools) for _ in range(count)]

    with server_process(data, port) as server, server.client() as owner:
        apply(owner, company())
        with agent(state, *enrolled(server, owner)) as running:
            until(lambda: running.said("Enforcing revision"))
            server.kill()
            judged += running.ask(some(EVENTS // 2))
            judged += running.ask(some(200), leave=50)
    with agent(state) as running:
        judged += running.ask(some(EVENTS - len(judged)))
        running.kill()
    with max((state / "audit").iterdir()).open("ab") as torn:
        torn.write(b"00c0ffee 5001 {")
    with server_process(data, port) as server, server.client() as owner:
        with agent(state) as running:
            until(lambda: bool(newest(owner)))
            # Whatever it knows of what was acknowledged goes with it, so it sends some of it again.
            running.kill()
        with agent(state) as running:
            judged += running.ask(some(3))
            until(lambda: newest(owner) == judged[-1])
        calls = logged(owner, **{"class": "call"})
        times = collections.Counter(item["target"] for item in calls)
        assert set(times.values()) == {1}
        assert set(judged) <= set(times)
        assert len(times) - len(judged) <= 200, "only what was asked when it was killed may be there unanswered"
        numbers = sequences(owner)
        assert numbers == list(range(1, len(numbers) + 1))
        assert {item["actor"] for item in calls} == {"instance:laptop"}
        assert {item["outcome"] for item in calls} == {"allow"}
        assert not logged(owner, **{"class": "gap"}), "nothing was missing, late or told twice"
        shutil.rmtree(state / "audit")
        with agent(state) as running:
            again = running.ask(some(5))
            until(lambda: newest(owner) == again[-1])
            told = owner.post("/v1/orgs/acme/fleet/messages", json={"instances": ["laptop"], "text": "Mind the gap"})
            assert told.json()["results"][0]["outcome"] == "done"
            until(lambda: running.said("Message from owner at ") and running.said(": Mind the gap"))
            # It was not shown yet, and is kept until then.
            running.kill()
        with agent(state) as running:
            running.ask(some(3))
            assert running.messages == ["Mind the gap"]
            until(lambda: bool(logged(owner, action="message:show")))
        assert set(again) <= {item["target"] for item in logged(owner, **{"class": "call"})[-8:]}
        assert logged(owner, **{"class": "gap"}), "that numbers came a second time is told, and nothing is lost by it"
