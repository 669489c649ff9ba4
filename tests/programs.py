"""The installed programs as a person runs them: commands, a server, agents; each in a process group of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SECONDS = 30.0


def clean_environment() -> dict[str, str]:
    """The environment without what would point a program at somebody's checkout, server or terminal."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("CLAWFORGE_", "PYTHON"))}
    return kept | {"NO_COLOR": "1", "CI": "true"}


@dataclass(frozen=True)
class Program:
    """The `clawforge` command of one installation."""

    path: Path
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=clean_environment)

    def with_environment(self, **variables: str) -> Program:
        """The same program with more variables set."""
        return Program(self.path, self.cwd, {**self.environment, **variables})

    def run(self, *arguments: str | Path, expect: int = 0) -> str:
        """Standard output of a command that must end with `expect`."""
        done = self.finish(*arguments)
        assert done.returncode == expect, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout

    def json(self, *arguments: str | Path, expect: int = 0) -> Any:
        """The JSON document of a command."""
        return json.loads(self.run(*arguments, "--format", "json", expect=expect))

    def finish(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever it is."""
        return subprocess.run(
            [str(self.path), *map(str, arguments)],
            cwd=self.cwd,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    @contextmanager
    def background(self, *arguments: str | Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs until the block ends; its process group is gone afterwards."""
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [str(self.path), *map(str, arguments)],
                cwd=self.cwd,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask politely, then not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the whole process group, as when the machine's memory runs out."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass(frozen=True)
class Server:
    """A running control plane."""

    url: str
    token: str
    data: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running_server(program: Program, data: Path, port: int | None = None) -> Iterator[Server]:
    """A control plane that answers."""
    address = f"127.0.0.1:{port or free_port()}"
    log = data.parent / f"{data.name}.log"
    with program.background("serve", "--data", data, "--listen", address, log=log) as process:
        wait_until(lambda: healthy(f"http://{address}/health"), f"the server at {address}", log)
        yield Server(f"http://{address}", (data / "bootstrap-token").read_text().strip(), data, process)


@contextmanager
def running_agent(program: Program, state: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """An agent that answers with a policy."""
    log = state.parent / f"{state.name}.log"
    with program.background("agent", "run", "--state", state, *arguments, log=log) as process:
        wait_until(lambda: decision(program, state, "session_status").get("digest"), "the agent", log)
        yield process


def decision(program: Program, state: Path, tool: str, params: Mapping[str, Any] | None = None, *more: str) -> Any:
    """What the agent of a state directory answers; {} when no agent answers."""
    call = ["--tool", tool, "--params", json.dumps(params or {}), "--format", "json", *more]
    done = program.finish("agent", "check", "--state", state, *call)
    return json.loads(done.stdout) if done.returncode in {0, 3} else {}


def healthy(url: str) -> bool:
    """Whether the address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until(condition: Any, what: str, log: Path | None = None, seconds: float = START_SECONDS) -> None:
    """Poll until the condition holds; fails with what the program said."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} is not there after {seconds} s; it said: {log.read_text()[-2000:] if log else ''}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
