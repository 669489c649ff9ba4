"""Somebody who can write to the database, but has none of the server's keys, against `clawforge audit verify`."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from programs import Program
from server_process import ServerProcess, apply, company, resource, server_process

from clawforge_server.sealing import MasterKey, Seal
from clawforge_server.store.records import AuditEntry
from clawforge_server.store.sqlite.audit import SqlAudit
from clawforge_server.store.sqlite.audit_tree import SqlAuditTree

TABLES = ("audit_leaves", "audit_payloads", "audit_nodes", "audit_heads", "audit_checkpoints")
NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


class World:
    """A running server with two orgs, an exported checkpoint, and the database as a thief opens it."""

    def __init__(self, server: ServerProcess, folder: Path) -> None:
        self.server = server
        self.checkpoint = folder / "checkpoint.json"
        program = Path(sys.executable).with_name("clawforge")
        self._program = Program(program, folder).with_environment(
            CLAWFORGE_SERVER=server.url, CLAWFORGE_TOKEN=server.token
        )
        self._database = next(server.data.glob("*.db"))

    def clawforge(self, *arguments: str, expect: int = 0) -> str:
        return self._program.run(*arguments, expect=expect)

    def open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._database, isolation_level=None, timeout=20)

    def ledger(self) -> dict[str, list[Any]]:
        connection = self.open()
        found = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
        connection.close()
        return found

    def restore(self, ledger: dict[str, list[Any]]) -> None:
        connection = self.open()
        connection.execute("BEGIN IMMEDIATE")
        for table, rows in ledger.items():
            connection.execute(f"DELETE FROM {table}")
            if rows:
                connection.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
        connection.execute("COMMIT")
        connection.close()

    def verify(self, *, exported: bool, org: str = "acme") -> dict[str, Any]:
        more = ["--checkpoint", str(self.checkpoint)] if exported else []
        done = self._program.finish("audit", "verify", "--org", org, "--format", "json", *more)
        document: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if document["verified"] else 3), done.stderr
        return document


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("tampering")
    with server_process(folder / "data") as server:
        world = World(server, folder)
        with server.client() as client:
            apply(client, company())
            others = [item for item in company() if item["kind"] != "Organization"]
            apply(client, [resource("Organization", "other"), *others], org="other")
            for number in range(12):
                client.post("/v1/orgs/acme/enrollments", json={"user": f"nobody-{number}"})
                client.post("/v1/orgs/other/enrollments", json={"user": f"nobody-{number}"})
            client.post("/v1/orgs/acme/audit/purge", json={"reason": "to have a kept checkpoint"})
            world.clawforge("audit", "checkpoint", "--org", "acme", "--out", str(world.checkpoint))
            for number in range(8):
                client.post("/v1/orgs/acme/enrollments", json={"user": f"nobody-{number}"})
        yield world


@pytest.fixture
def tampered(world: World) -> Iterator[Callable[[Callable[[sqlite3.Connection], None]], World]]:
    ledger = world.ledger()

    def attack(work: Callable[[sqlite3.Connection], None]) -> World:
        connection = world.open()
        work(connection)
        connection.close()
        return world

    yield attack
    world.restore(ledger)
    assert world.verify(exported=True)["verified"]


class Unkeyed(Seal):
    """What somebody has who runs the server's own code without its master key."""

    def __init__(self) -> None:
        super().__init__(MasterKey.random())


class Credulous(SqlAuditTree):
    """The tree without the look at who wrote its head."""

    def _stamp(self, org: str, tree: Any) -> bytes:
        return bytes(32)


def forge(connection: sqlite3.Connection, *entries: AuditEntry, org: str = "acme") -> None:
    """Append records exactly as the server would, with every hash right; the stamp of before is put back."""
    (stamp,) = connection.execute("SELECT stamp FROM audit_heads WHERE org = ?", (org,)).fetchone()
    connection.execute("UPDATE audit_heads SET stamp = zeroblob(32) WHERE org = ?", (org,))
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool)
    with engine.connect() as opened:
        audit = SqlAudit(opened, Unkeyed(), {}, {})
        audit._tree = Credulous(opened, Unkeyed(), {})
        audit.append_all(org, entries)
        opened.exec_driver_sql("UPDATE audit_heads SET stamp = ? WHERE org = ?", (stamp, org))


def forged_record(connection: sqlite3.Connection) -> None:
    forge(connection, AuditEntry(NOW, "user:ann", "plans:approve", "done", {"plan": "x"}))


def forged_purge(connection: sqlite3.Connection) -> None:
    """A record of a purge that nobody made, and the payloads that it explains away."""
    count = "SELECT count(*) FROM audit_leaves WHERE org = 'acme' AND class = 'fleet'"
    (records,) = connection.execute(count).fetchone()
    ends = "SELECT min(seq), max(seq) FROM audit_leaves WHERE org = 'acme' AND class = 'fleet'"
    first, last = connection.execute(ends).fetchone()
    ranges = [{"first": first, "last": last, "records": records}]
    purged = {"fleet": {"before": "2026-11-20T12:00:00Z", "records": records, "ranges": ranges}}
    detail = {"classes": purged, "held": 0, "reason": "retention"}
    forge(connection, AuditEntry(NOW, "server", "audit:purge", "done", detail, event_class="purge"))
    connection.execute("DELETE FROM audit_payloads WHERE org = 'acme' AND class = 'fleet'")


def swapped_payloads(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT first, last, body FROM audit_payloads WHERE org = 'acme' AND class = 'fleet' ORDER BY first LIMIT 2"
    ).fetchall()
    for (first, _, _), (_, _, body) in zip(rows, reversed(rows), strict=True):
        connection.execute(
            "UPDATE audit_payloads SET body = ? WHERE org = 'acme' AND class = 'fleet' AND first = ?", (body, first)
        )


def swapped_orgs(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")
    for table in TABLES:
        for old, new in (("acme", "between"), ("other", "acme"), ("between", "other")):
            connection.execute(f"UPDATE {table} SET org = ? WHERE org = ?", (new, old))


def nothing_left(connection: sqlite3.Connection) -> None:
    for table in TABLES:
        connection.execute(f"DELETE FROM {table} WHERE org = 'acme'")


def swapped_checkpoints(connection: sqlite3.Connection) -> None:
    """The newest kept checkpoint is an old one under the newest's size."""
    old, *_, new = connection.execute(
        "SELECT size, document FROM audit_checkpoints WHERE org = 'acme' ORDER BY size"
    ).fetchall()
    connection.execute("UPDATE audit_checkpoints SET document = ? WHERE size = ? AND org = 'acme'", (old[1], new[0]))


def statement(text: str) -> Callable[[sqlite3.Connection], None]:
    return lambda connection: connection.execute(text) and None


ATTACKS = {
    "actor": statement("UPDATE audit_leaves SET actor = 'user:eve' WHERE org = 'acme' AND seq = 2"),
    "time": statement("UPDATE audit_leaves SET at = at - 1000000 WHERE org = 'acme' AND seq = 2"),
    "outcome": statement("UPDATE audit_leaves SET outcome = 'refused' WHERE org = 'acme' AND seq = 3"),
    "last record": statement(
        "DELETE FROM audit_leaves WHERE org = 'acme' AND seq = (SELECT max(seq) FROM audit_leaves WHERE org = 'acme')"
    ),
    "forged record": forged_record,
    "forged purge": forged_purge,
    "swapped payloads": swapped_payloads,
    "swapped orgs": swapped_orgs,
    "swapped checkpoints": swapped_checkpoints,
    "everything deleted": nothing_left,
}


@pytest.mark.parametrize("exported", [False, True], ids=["alone", "with a kept checkpoint"])
@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_done_to_the_database_is_found(tampered: Any, name: str, exported: bool) -> None:
    found = tampered(ATTACKS[name]).verify(exported=exported)
    assert not found["verified"], name
    assert found["findings"]


def test_a_log_that_is_as_it_was_verifies(world: World) -> None:
    assert world.verify(exported=True)["verified"]
    assert world.verify(exported=False, org="other")["verified"]


def test_the_server_neither_signs_nor_continues_what_somebody_else_appended(tampered: Any, problem: Any) -> None:
    world = tampered(forged_record)
    with world.server.client() as client:
        problem(client.post("/v1/orgs/acme/enrollments", json={"user": "eve"}), 503, "audit-unavailable")
        answer = client.get("/v1/orgs/acme/audit/checkpoints").json()
        assert "not one that this server wrote" in answer["damage"]
        assert client.get("/v1/orgs/other/audit/checkpoints").json()["damage"] is None


def test_a_running_server_notices_that_its_log_went_back(world: World, problem: Any) -> None:
    """An old head has an old, genuine stamp; with everything else put back as well, each hash is right."""
    old = world.ledger()
    with world.server.client() as client:
        client.post("/v1/orgs/acme/enrollments", json={"user": "eve"})
        newer = world.ledger()
        world.restore(old)
        problem(client.post("/v1/orgs/acme/enrollments", json={"user": "eve"}), 503, "audit-unavailable")
    assert not world.verify(exported=False)["verified"]
    world.restore(newer)
