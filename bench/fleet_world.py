"""The server of the benches of fleets and reconcilers: a data directory with an org and many instances, and the process
that serves it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from access import organization
from drift import create_org

_PEOPLE = 200


def credential(number: int) -> str:
    """The credential of an instance."""
    return f"cf_instance_bench-{number}"


def processor_seconds(pid: int) -> float:
    """What a process and its children used so far."""
    ticks, children = 0, [pid]
    while children:
        each = children.pop()
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
        children += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Served:
    """A running server. `started`: seconds until it answered."""

    url: str
    pid: int
    token: str
    started: float

    def mebibytes(self) -> float:
        """Its memory now."""
        found = [line for line in Path(f"/proc/{self.pid}/status").read_text().splitlines() if "VmRSS" in line]
        return int(found[0].split()[1]) / 1024

    def processor(self) -> float:
        """Seconds of the processor so far."""
        return processor_seconds(self.pid)

    def kill(self, turn: int) -> None:
        """Turn one more kill switch on."""
        self._sent("/v1/orgs/acme/overlays", {"scope": f"tool:tool-{turn}", "reason": "measured"})

    def plugin(self) -> tuple[str, str, str]:
        """An old plugin of the first person: its token, and the paths of its policy and of its heartbeat."""
        token = self._sent("/v1/orgs/acme/enrollments", {"user": "user-0"})["token"]
        body = {"token": token, "email": "user-0@acme.example", "name": "laptop"}
        session = self._sent("/api/v1/auth/enroll", body)
        org, user = session["orgId"], session["userId"]
        return session["accessToken"], f"/api/v1/policies/{org}/effective", f"/api/v1/heartbeat/{org}/{user}"

    def _sent(self, path: str, body: dict[str, str]) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, str] = json.loads(answer.read())
        return found


def fill(data: Path, count: int) -> None:
    """An org with some hundred policies and people, and so many instances."""
    from clawforge.state import State, entries_of
    from clawforge_server.clock import SystemClock
    from clawforge_server.data_dir import DataDirectory
    from clawforge_server.key_custody import FileCustody
    from clawforge_server.service.bootstrap import ensure_owner
    from clawforge_server.store.records import InstanceRecord
    from clawforge_server.store.sqlite.store import SqliteStore

    resources, machines = organization(_PEOPLE)
    now = dt.datetime.now(dt.UTC)
    directory = DataDirectory.open(data)
    directory.create_database_file()
    store = SqliteStore(directory.database, FileCustody(directory.master_key, creates=True))
    ensure_owner(store, directory, SystemClock())
    with store.transaction() as transaction:
        create_org(transaction, State(1, entries_of(resources, "policies")), now)
        for number in range(count):
            like = machines[number % len(machines)]
            sha256 = hashlib.sha256(credential(number).encode()).hexdigest()
            record = InstanceRecord(
                "acme", f"machine-{number}", sha256, like.user, like.groups, dict(like.tags), "laptop", "openclaw", {},
                "bench", now,
            )  # fmt: skip
            transaction.instances.add(record)
    store.close()
    directory.close()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(data: Path) -> Iterator[Served]:
    """The server on this data, which lets everybody ask as often as they like."""
    port = free_port()
    command = [sys.executable, "-m", "clawforge_server", "--data", str(data), "--listen", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--requests-per-minute", "100000000"], stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                urllib.request.urlopen(f"{url}/health/ready", timeout=5).read()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("The server does not start.") from None
                time.sleep(0.02)
        token = (data / "bootstrap-token").read_text()
        yield Served(url, process.pid, token, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()
