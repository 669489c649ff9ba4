"""`make bench-audit`: how fast the audit log takes events in and finds them again, on a real server over HTTP.

The log of RECORDS (default 1,000,000; the target is 10,000,000) is written once, and kept under build/ for the next
run. Nothing here is a test: machines differ.
"""

from __future__ import annotations

import datetime as dt
import os
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from clawforge.ledger.verification import microseconds

_ORG = "acme"
_BATCH = 500
_BATCHES = 120
_AT_ONCE = 100_000
_TOOLS = ("exec", "read", "write", "web_fetch", "web_search", "edit", "browser", "message")
_START = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
_QUERIES = (
    ("newest page, no filter", "order=newest"),
    ("one instance of 5,000", "order=newest&instance=laptop-4711"),
    ("one tool, newest", "order=newest&tool=browser"),
    ("denied calls (1%)", "order=newest&outcome=deny"),
    ("an actor that appears once", "order=newest&actor=user:once"),
    ("an actor that never appears", "order=newest&actor=user:nobody"),
    ("one day, 30 days in", "since=2026-08-31T00:00:00Z&until=2026-09-01T00:00:00Z"),
    ("one instance on one day", "since=2026-08-31T00:00:00Z&until=2026-09-01T00:00:00Z&instance=laptop-77"),
    ("rare and frequent filter together", "order=newest&tool=exec&outcome=deny&instance=laptop-12"),
    ("what never happens together", "order=newest&class=policy&outcome=deny"),
)


def main() -> None:
    """Measure and print."""
    records = int(os.environ.get("RECORDS", "1000000"))
    data = Path(__file__).parent.parent / "build" / f"bench-audit-{records}"
    _prepare(data, records)
    with _server(data) as (client, url):
        print(f"{'a page of 100 out of ' + format(records, ','):<44}{'median ms':>12}{'slowest ms':>12}{'found':>8}")
        for name, query in _QUERIES:
            _measure_query(client, name, query)
        print()
        _measure_ingestion(client, url)


def _measure_query(client: httpx.Client, name: str, query: str) -> None:
    times, found = [], 0
    for _ in range(7):
        began = time.perf_counter()
        answer = client.get(f"/v1/orgs/{_ORG}/audit?limit=100&{query}")
        times.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
        found = len(answer.json()["events"])
    print(f"{name:<44}{statistics.median(times):>12.1f}{max(times):>12.1f}{found:>8}")


def _measure_ingestion(client: httpx.Client, url: str) -> None:
    minted = client.post(f"/v1/orgs/{_ORG}/enrollments", json={"user": "dev"}).json()
    enrolled = client.post("/v1/enroll", json={"token": minted["token"]}).json()
    headers = {"Authorization": f"Bearer {enrolled['credential']}", "Content-Type": "application/json"}
    bodies = [
        orjson.dumps({"events": [_event(batch * _BATCH + number + 1) for number in range(_BATCH)]})
        for batch in range(_BATCHES)
    ]
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as agent:
        began = time.perf_counter()
        for body in bodies:
            agent.post("/v1/agent/audit", content=body).raise_for_status()
        seconds = time.perf_counter() - began
    total = _BATCH * _BATCHES
    print(f"ingestion over HTTP: {total:,} events in batches of {_BATCH}: {total / seconds:,.0f} events/s")


def _event(seq: int) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": "2026-11-20T10:00:00Z",
        "class": "call",
        "action": "tool:call",
        "outcome": "allow" if seq % 100 else "deny",
        "target": _TOOLS[seq % len(_TOOLS)],
        "agent": "main",
        "context": "work",
        "revision": 3,
        "detail": {"params": "sha256:" + "a" * 64, "reasons": ["tools"], "ms": seq % 50},
    }


def _prepare(data: Path, records: int) -> None:
    """An org with this many records, unless it is there already."""
    done = data / "complete"
    if done.exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    with _server(data) as (client, _):
        resources = [_resource("Organization", _ORG), _resource("User", "dev", email="dev@acme.example")]
        resources.append(_resource("Policy", "default", appliesTo="everyone"))
        body = {"source": "bench", "resources": resources, "positions": {}}
        plan = client.post(f"/v1/orgs/{_ORG}/plans", json=body).json()
        path = f"/v1/orgs/{_ORG}/plans/{plan['id']}/apply"
        client.post(path, json={"plan": plan}, headers={"If-Match": f'"{plan["base"]["revision"]}"'})
    _fill(data, records)
    done.touch()


def _fill(data: Path, records: int) -> None:
    """Rows as the store writes them, but made by SQL and with leaves that are random: searching looks at no leaf."""
    import sqlite3

    from clawforge.ledger.record import payload_bytes, payload_hash
    from clawforge_server.sealing import MasterKey, Seal

    payload = payload_bytes(detail={"user": "dev", "data": {"params": "sha256:" + "a" * 64, "ms": 7}}, salt="0" * 16)
    span = dt.timedelta(days=90) / records // dt.timedelta(microseconds=1)
    values = {"start": microseconds(_START), "span": span, "payload": payload_hash(payload), "once": records // 2}
    tools = " ".join(f"WHEN {number} THEN '{tool}'" for number, tool in enumerate(_TOOLS))
    with sqlite3.connect(data / "clawforge.db") as connection:
        (first,) = connection.execute("SELECT max(seq) FROM audit_leaves WHERE org = 'acme'").fetchone()
        for low in range(first + 1, records + 1, _AT_ONCE):
            high = min(low + _AT_ONCE - 1, records)
            connection.execute(
                f"""WITH RECURSIVE numbers(n) AS (SELECT :low UNION ALL SELECT n + 1 FROM numbers WHERE n < :high)
                INSERT INTO audit_leaves SELECT 'acme', n, :start + n * :span, 'call',
                CASE n WHEN :once THEN 'user:once' ELSE 'instance:laptop-' || (n / 50 % 5000) END, 'tool:call',
                CASE n % 100 WHEN 0 THEN 'deny' ELSE 'allow' END, CASE n % {len(_TOOLS)} {tools} END, 3, :payload,
                randomblob(32) FROM numbers""",
                {**values, "low": low, "high": high},
            )
            rows = _payload_rows(low, high, payload)
            connection.executemany("INSERT INTO audit_payloads VALUES ('acme', 'call', ?, ?, ?, ?)", rows)
            connection.commit()
            if low % 500_000 < _AT_ONCE:
                print(f"filled {high:,}", file=sys.stderr, flush=True)
        connection.execute(
            """INSERT OR REPLACE INTO audit_nodes SELECT 'acme', 8, (seq - 1) / 256, randomblob(32), min(at), max(at)
            FROM audit_leaves WHERE org = 'acme' GROUP BY (seq - 1) / 256 HAVING count(*) = 256"""
        )
        frontier = os.urandom(32 * records.bit_count())
        seal = Seal(MasterKey.parse((data / "master-key").read_text()))
        stamp = seal.stamp(f"audit-head\0{_ORG}\0{records}", frontier)
        connection.execute(
            "UPDATE audit_heads SET size = ?, frontier = ?, stamp = ? WHERE org = 'acme'", (records, frontier, stamp)
        )


def _payload_rows(low: int, high: int, payload: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    for first in range(low, high + 1, 64):
        last = min(first + 63, high)
        numbers = ",".join(str(seq) for seq in range(first, last + 1)).encode()
        yield first, last, last - first + 1, zlib.compress(b"\n".join([numbers, *[payload] * (last - first + 1)]), 1)


def _resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


@contextmanager
def _server(data: Path) -> Iterator[tuple[httpx.Client, str]]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    serve = [sys.executable, "-m", "clawforge_server", "--data", str(data), "--listen", address]
    process = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                httpx.get(f"http://{address}/health", trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        headers = {"Authorization": f"Bearer {(data / 'bootstrap-token').read_text().strip()}"}
        with httpx.Client(base_url=f"http://{address}", headers=headers, timeout=60, trust_env=False) as client:
            yield client, f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=20)


if __name__ == "__main__":
    main()
