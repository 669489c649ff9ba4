"""The log of a database of the first shape is carried into the ledger: same order, and with hashes that verify."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from audit_world import DirectSource, company
from server_app import MovableClock, opened_api

from clawforge.ledger.record import leaf_of
from clawforge_cli.audit_verification import verify_log
from clawforge_server.key_custody import FileCustody
from clawforge_server.migrations.migrate import upgrade
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.sqlite.database import Database
from clawforge_server.store.sqlite.store import SqliteStore

_NOON = 1_763_640_000_000_000


def first_shape(file: Path, custody: FileCustody, records: int) -> None:
    """A database as the first version left it, with a log of two orgs."""
    database = Database(file)
    with database.transaction() as connection:
        upgrade(connection, lambda: custody.seal(may_create=True), to="r0001")
    database.close()
    with sqlite3.connect(file) as connection:
        for org in ("acme", "other"):
            rows = [
                (org, seq, _NOON + seq, f"token:{org}", "plans:apply", "done", f'{{"n": {seq}, "ratio": 0.5}}')
                for seq in range(1, records + 1)
            ]
            connection.executemany("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()


def test_records_are_carried_over_in_their_order(tmp_path: Path) -> None:
    custody = FileCustody(tmp_path / "master-key", creates=True)
    first_shape(tmp_path / "a.db", custody, 1_203)
    store = SqliteStore(tmp_path / "a.db", custody)
    with store.transaction() as transaction:
        for org in ("acme", "other"):
            events = transaction.audit.page(org, AuditQuery(limit=2_000)).events
            assert [event.seq for event in events] == list(range(1, 1_204))
            assert [event.detail["n"] for event in events] == list(range(1, 1_204))
            assert {event.actor for event in events} == {f"token:{org}"}
            assert all("sha256:" + leaf_of(org, event).hex() == event.leaf for event in events)
            assert transaction.audit_tree.range_hash(org, 0, 1_203) == transaction.audit_tree.head(org).root
    store.close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        assert not connection.execute("SELECT name FROM sqlite_master WHERE name = 'audit'").fetchall()
    connection.close()


def test_the_log_goes_on_after_what_was_carried_over(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    first_shape(data / "clawforge.db", FileCustody(data / "master-key", creates=True), 300)
    with opened_api(data, MovableClock()) as api:
        api.apply(company())
        assert [event["seq"] for event in api.audit()] == list(range(1, len(api.audit()) + 1))
        assert len(api.audit()) > 300
        assert verify_log("acme", DirectSource(api)).findings == ()
