"""Drift of a large fleet: what the control plane needs to hold every agent against what it should enforce, the first
time after a revision and again, and what a person waits for at the terminal.

SIZES (default 1000,10000,100000) are counts of agents. The org is that of `bench/access.py` with USERS people (default
2000) at the most, who share the agents; with USERS=100000 everybody has one, and the time at the terminal is that of
reading and comparing 100,000 resources. SCATTERED=1 makes ten times as many classes. A hundredth of the agents is
behind.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from access import organization

from clawforge.analysis.population import KnownInstance
from clawforge.fleet_drift import Standing, WantedBundles
from clawforge.resolve.org import OrgModel
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

if TYPE_CHECKING:
    from clawforge.state import State
    from clawforge_server.store.port import Transaction
    from clawforge_server.store.records import InstanceRecord

SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
USERS = int(os.environ.get("USERS", "2000"))
GOAL = 3.0
"""Seconds for 100,000 agents."""


def main() -> None:
    """Print a table."""
    print(f"{'agents':>8} {'resources':>9} {'classes':>8} {'first s':>8} {'again s':>8} {'drift s':>8} {'MiB':>6}")
    for size in SIZES:
        resources, machines = organization(min(size, USERS))
        instances = [
            replace(machines[number % len(machines)], name=f"{machines[number % len(machines)].name}-{number}")
            for number in range(size)
        ]
        with tempfile.TemporaryDirectory() as folder:
            figures = measured(Path(folder), resources, instances)
        print(
            f"{size:>8} {len(resources):>9} {figures['classes']:>8} {figures['first']:>8.2f} {figures['again']:>8.2f} ",
            end="",
        )
        print(f"{figures['command']:>8.2f} {figures['mebibytes']:>6.0f}")
    print(f"The goal is {GOAL} s for 100,000.")


def measured(folder: Path, resources: list[Resource], instances: list[KnownInstance]) -> dict[str, float]:
    """Fill a store, serve it, and ask. `first` includes what a new revision makes the server work out."""
    project = folder / "project"
    (project / "files").mkdir(parents=True)
    (project / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n")
    bodies = [canonical_resource(item) for item in resources]
    for number in range(0, len(bodies), 5000):
        # JSON is YAML.
        text = "---\n".join(json.dumps(body) + "\n" for body in bodies[number : number + 5000])
        (project / "files" / f"{number}.yaml").write_text(text)
    classes = fill(folder / "data", instances, resources)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "clawforge_server", "--data", folder / "data", "--listen", f"127.0.0.1:{port}"]
    server = subprocess.Popen([str(part) for part in command], stderr=subprocess.DEVNULL)
    try:
        url, token = f"http://127.0.0.1:{port}", (folder / "data" / "bootstrap-token").read_text()
        wait(url, token)
        first, _ = asked(url, token)
        again, answer = asked(url, token)
        assert answer["counts"]["total"] == len(instances), answer["counts"]
        assert answer["counts"]["offline"] + answer["counts"]["behind"] == len(instances) // 100, answer["counts"]
        started = time.perf_counter()
        subprocess.run(
            [str(Path(sys.executable).parent / "clawforge"), "drift", str(project), "--server", url],
            env={**os.environ, "CLAWFORGE_TOKEN": token},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        spent = time.perf_counter() - started
        mebibytes = peak(server.pid)
    finally:
        server.terminate()
        server.wait()
    return {"classes": classes, "first": first, "again": again, "command": spent, "mebibytes": mebibytes}


def fill(data: Path, instances: list[KnownInstance], resources: list[Resource]) -> int:
    """A data directory with the org as one revision and its agents, each of which acknowledged; how many classes."""
    from clawforge.state import State, entries_of
    from clawforge_server.clock import SystemClock
    from clawforge_server.data_dir import DataDirectory
    from clawforge_server.key_custody import FileCustody
    from clawforge_server.service.bootstrap import ensure_owner
    from clawforge_server.store.sqlite.store import SqliteStore

    now = dt.datetime.now(dt.UTC)
    state = State(1, entries_of(resources, "policies"))
    wanted = WantedBundles(OrgModel(resources), dt.datetime.combine(now.date(), dt.time(), dt.UTC))
    directory = DataDirectory.open(data)
    directory.create_database_file()
    store = SqliteStore(directory.database, FileCustody(directory.master_key, creates=True))
    ensure_owner(store, directory, SystemClock())
    with store.transaction() as transaction:
        create_org(transaction, state, now)
        for number, item in enumerate(instances):
            digest = wanted.of(Standing(item.name, item.user, item.groups, item.tags, None, None))
            held = "sha256:" + "0" * 64 if number % 100 == 0 else digest
            transaction.instances.add(instance_record(item, number, held, now))
    store.close()
    directory.close()
    return wanted.classes


def create_org(transaction: Transaction, state: State, now: dt.datetime) -> None:
    """The org with its keys, and its first revision."""
    from clawforge.plan import Summary
    from clawforge.wire import Revision
    from clawforge_server.state.org_keys import new_keys
    from clawforge_server.store.records import OrgRecord

    transaction.orgs.create(OrgRecord("acme", now, 1, 1, 1, now.date(), state.digest))
    for key in new_keys(1, os.urandom(64), now):
        transaction.orgs.add_key("acme", key)
    transaction.resources.write("acme", 1, state.entries, ())
    revision = Revision(
        number=1,
        created_at=now,
        actor="bench",
        source="policies",
        summary=Summary(add=len(state.entries)),
        plan_id="bench",
        state_digest=state.digest,
        change_digest=state.digest,
    )
    transaction.revisions.add("acme", revision)


def instance_record(item: KnownInstance, number: int, held: str, now: dt.datetime) -> InstanceRecord:
    """An agent that was seen now."""
    from clawforge_server.store.records import InstanceRecord

    return InstanceRecord(
        "acme",
        item.name,
        f"{number:064x}",
        item.user,
        item.groups,
        dict(item.tags),
        "laptop",
        "openclaw",
        {},
        "bench",
        now,
        last_seen=now,
        acknowledged=held,
    )


def wait(url: str, token: str) -> None:
    """Until it answers, with the org in memory: how long a server takes to start is another figure."""
    headers = {"Authorization": f"Bearer {token}"}
    while True:
        try:
            request = urllib.request.Request(f"{url}/v1/orgs/acme/effective?user=user-0", headers=headers)
            urllib.request.urlopen(request, timeout=600).read()
            return
        except OSError:
            time.sleep(0.1)


def asked(url: str, token: str) -> tuple[float, Any]:
    """Seconds of one request, and its answer."""
    request = urllib.request.Request(f"{url}/v1/orgs/acme/drift", headers={"Authorization": f"Bearer {token}"})
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=600) as answer:
        body = json.loads(answer.read())
    return time.perf_counter() - started, body


def peak(pid: int) -> float:
    """The most memory that a process ever had, in MiB; 0 where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = next((line for line in text.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(found.split()[1]) / 1024


if __name__ == "__main__":
    main()
