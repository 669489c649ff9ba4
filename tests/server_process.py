"""A control plane as an operating system sees it: one process, started by its module, killed by its group."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PROGRAM = ("-m", "clawforge_server")
TIRELESS = ("--requests-per-minute", "1000000")
"""Tests send more than people do."""
_START_SECONDS = 20.0


@dataclass
class ServerProcess:
    """A running `python -m clawforge_server`."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def token(self) -> str:
        """The owner's bootstrap token."""
        return (self.data / "bootstrap-token").read_text()

    def client(self, token: str | None = None, **options: Any) -> httpx.Client:
        """A client with a token, the owner's by default."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, **options)

    def kill(self) -> None:
        """SIGKILL to the whole process group."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(timeout=10)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    data: Path, port: int, program: Sequence[str] = PROGRAM, options: Sequence[str] = TIRELESS
) -> subprocess.Popen[bytes]:
    """The program, in a process group of its own; its standard error goes to DATA.log."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CLAWFORGE_")}
    with data.with_name(f"{data.name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, *program, "--data", str(data), "--listen", f"127.0.0.1:{port}", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=environment,
        )


@contextmanager
def server_process(
    data: Path, port: int | None = None, program: Sequence[str] = PROGRAM, options: Sequence[str] = TIRELESS
) -> Iterator[ServerProcess]:
    """A control plane that answers, and is gone after the block."""
    port = port or free_port()
    process = start(data, port, program, options)
    server = ServerProcess(f"http://127.0.0.1:{port}", data, process, data.with_name(f"{data.name}.log"))
    try:
        _wait(server)
        yield server
    finally:
        if process.poll() is None:
            server.kill()


def _wait(server: ServerProcess) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/health", timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.03)
    raise AssertionError(f"the server does not answer; it said: {server.log.read_text()[-2000:]}")


def proposal(resources: list[dict[str, Any]], *, source: str = "policies", **more: Any) -> Mapping[str, Any]:
    """The body of a plan request."""
    return {"source": source, "resources": resources, "positions": {}, **more}


def resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    """A resource as JSON."""
    return {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def company(*extra: dict[str, Any], deny: list[str] | None = None) -> list[dict[str, Any]]:
    """A small org that passes every check."""
    return [
        resource("Organization", "acme", displayName="Acme"),
        resource("User", "dev", email="dev@acme.example"),
        resource("User", "gone", email="gone@acme.example", state="suspended"),
        resource("Group", "eng", members={"users": ["dev"]}),
        resource("Policy", "default", appliesTo="everyone", tools={"deny": deny if deny is not None else ["exec"]}),
        *extra,
    ]


def make_plan(client: httpx.Client, body: Mapping[str, Any], org: str = "acme") -> dict[str, Any]:
    """The plan of a proposal that must pass."""
    answer = client.post(f"/v1/orgs/{org}/plans", json=body)
    assert answer.status_code == 201, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


def send_apply(client: httpx.Client, plan: Mapping[str, Any], base: int | None = None) -> httpx.Response:
    """The answer to applying a plan."""
    revision = plan["base"]["revision"] if base is None else base
    path = f"/v1/orgs/{plan['org']}/plans/{plan['id']}/apply"
    return client.post(path, json={"plan": plan}, headers={"If-Match": f'"{revision}"'})


def apply(client: httpx.Client, resources: list[dict[str, Any]], org: str = "acme", **more: Any) -> dict[str, Any]:
    """The result of planning and applying, which must pass."""
    answer = send_apply(client, make_plan(client, proposal(resources, **more), org))
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result
