"""The main job from end to end on one machine, with the programs that people use, each step said in plain words."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from clawforge.errors import UnavailableError
from clawforge_cli.exit_codes import ExitCode
from clawforge_cli.views.terminal import Printer, safe

_PROGRAM = [sys.executable, "-m", "clawforge_cli"]
_START_SECONDS = 30.0
_HOST_VERSION = "2026.9.6"
_SHOWN_CHANGES = 5


class _StepFailedError(Exception):
    """A step did not end as it should; what it printed stands above."""


def run_tour(project: Path, user: str, *, allowed: str, refused: str) -> int:
    """Exit 0 when every step ended as it should; nothing is left running and nothing is left on disk."""
    printer = Printer()
    with tempfile.TemporaryDirectory(prefix="clawforge-") as scratch:
        try:
            _tour(printer, project, Path(scratch), user, allowed, refused)
        except (_StepFailedError, UnavailableError) as error:
            printer.line(("bold red", "Stopped"), f": {safe(error)}")
            return ExitCode.ERROR
    printer.line()
    printer.line(("bold green", "Done."), " Everything above ran on this machine; nothing is left running.")
    return ExitCode.OK


def _tour(printer: Printer, project: Path, scratch: Path, user: str, allowed: str, refused: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CLAWFORGE_")}
    _say(printer, 1, f"Check the files of {project} and run their policy tests.")
    _run(["lint", str(project)], environment)
    _run(["test", str(project)], environment)

    _say(printer, 2, "Start a control plane with an empty database.")
    address = f"127.0.0.1:{_free_port()}"
    data = scratch / "server"
    with _background(["serve", "--data", str(data), "--listen", address], environment, scratch / "server.log"):
        _wait_for_server(address, scratch / "server.log")
        environment["CLAWFORGE_SERVER"] = f"http://{address}"
        environment["CLAWFORGE_TOKEN"] = (data / "bootstrap-token").read_text().strip()
        printer.line(f"   It listens on {address}.")

        _say(printer, 3, "Plan: what would change? Then apply it, and plan again.")
        planned = _run(["plan", str(project), "--detailed-exitcode"], environment, expect=ExitCode.CHANGES, quiet=True)
        _show_ends(planned.splitlines(), _SHOWN_CHANGES + 2, 1)
        applied = _run(["apply", str(project), "--auto-approve"], environment, quiet=True)
        _show_ends(applied.splitlines(), 0, 2)
        _run(["plan", str(project), "--detailed-exitcode"], environment)
        _run(["log", str(project)], environment)

        _say(printer, 4, f"Enrol an agent for {user}; it fetches its signed policy.")
        token = _run(["enroll", "mint", str(project), "--user", user], environment, quiet=True).strip()
        agent_environment = {key: value for key, value in environment.items() if not key.startswith("CLAWFORGE_")}
        state = scratch / "agent"
        agent = ["agent", "run", "--server", f"http://{address}", "--state", str(state)]
        agent += ["--host-version", _HOST_VERSION]
        with _background(agent, agent_environment | {"CLAWFORGE_ENROLL_TOKEN": token}, scratch / "agent.log"):
            _wait_for_agent(state, agent_environment, scratch / "agent.log")

            _say(printer, 5, f"Ask the agent: may it run `{allowed}`?")
            _check(state, allowed, agent_environment, ExitCode.OK)
            _say(printer, 6, f"And `{refused}`?")
            _check(state, refused, agent_environment, ExitCode.FINDINGS)


def _check(state: Path, command: str, environment: dict[str, str], expect: ExitCode) -> None:
    params = orjson.dumps({"command": command}).decode()
    _run(
        ["agent", "check", "--state", str(state), "--tool", "exec", "--params", params],
        environment,
        expect=expect,
    )


def _say(printer: Printer, step: int, text: str) -> None:
    printer.line()
    printer.line(("bold", f"{step}. {safe(text)}"))
    sys.stdout.flush()


def _run(
    arguments: list[str], environment: dict[str, str], *, expect: ExitCode = ExitCode.OK, quiet: bool = False
) -> str:
    """Run one command of ours; its output is shown indented, or returned unseen."""
    done = subprocess.run(
        [*_PROGRAM, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    ended_well = done.returncode == expect
    if not quiet or not ended_well:
        for line in (done.stdout + done.stderr).splitlines():
            sys.stdout.write(f"   {line}\n")
    if not ended_well:
        raise _StepFailedError(f"`clawforge {arguments[0]}` ended with {done.returncode}, not {int(expect)}.")
    return done.stdout


def _show_ends(lines: list[str], first: int, last: int) -> None:
    """The beginning and the end of a long output."""
    middle = len(lines) - first - last
    shown = [*lines[:first], *([f"  ... {middle} more lines"] if first and middle > 0 else []), *lines[-last:]]
    for line in shown:
        sys.stdout.write(f"   {line}\n")


@contextmanager
def _background(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """A program of ours in a process group of its own, which is gone when the block ends."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*_PROGRAM, *arguments],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for_server(address: str, log: Path) -> None:
    import httpx

    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://{address}/health", timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise UnavailableError(f"The server did not start. It said: {_tail(log)}")


def _wait_for_agent(state: Path, environment: dict[str, str], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    check = [
        *_PROGRAM,
        "agent",
        "check",
        "--state",
        str(state),
        "--tool",
        "session_status",
        "--format",
        "json",
    ]
    while time.monotonic() < deadline:
        done = subprocess.run(check, env=environment, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode in {ExitCode.OK, ExitCode.FINDINGS} and '"digest": "sha256:' in done.stdout:
            return
        time.sleep(0.2)
    raise UnavailableError(f"The agent did not get its policy. It said: {_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-800:].strip() or "nothing"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
