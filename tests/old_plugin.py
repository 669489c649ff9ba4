"""The public ClawForge plugin in a process of its own: a Node program that speaks as it does."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "legacy_plugin" / "client.mjs"
_PATIENCE = 30.0


class OldPlugin:
    """A running one. Answers come in the order of commands; events are kept until somebody waits for them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def do(self, command: str, **more: Any) -> dict[str, Any]:
        """Send a command, and give its answer."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps({"do": command, **more}) + "\n")
        stdin.flush()
        return self._answers.get(timeout=_PATIENCE)

    def allows(self, tool: str) -> bool:
        """Whether it lets a call through."""
        return bool(self.do("tool", name=tool)["allowed"])

    def event(self, name: str) -> dict[str, Any]:
        """Wait for an event; what comes before it is dropped."""
        while True:
            found = self._events.get(timeout=_PATIENCE)
            if found["event"] == name:
                return found

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            said = json.loads(line)
            (self._events if "event" in said else self._answers).put(said)


@contextmanager
def old_plugin(url: str) -> Iterator[OldPlugin]:
    """A plugin that knows the address of its server and nothing else."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("The old plugin is spoken for by a Node program: install node 20 or newer, and run this again.")
    # No proxy of the machine stands between the two.
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    process = subprocess.Popen(
        [node, str(PROGRAM), url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield OldPlugin(process)
    finally:
        process.terminate()
        process.wait(10)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
