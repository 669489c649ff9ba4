"""`audit verify` finds every edit, deletion, insertion, change of order and truncation, and says where."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from audit_world import DirectSource, company, fill

from clawforge.ledger import verification
from clawforge_cli.audit_verification import ExportedCheckpoint, Verification, verify_log

EDITS = int(os.environ.get("CLAWFORGE_AUDIT_EDITS", "200"))
TABLES = ("audit_leaves", "audit_payloads", "audit_nodes", "audit_heads", "audit_checkpoints")


@pytest.fixture
def filled(api: Any) -> Any:
    """An org with 300 records, kept checkpoints, a purge with a hold, and payloads of several classes."""
    hold = {"reason": "case 17", "classes": ["dlp"]}
    api.apply(company(retention={"default": "10d", "legalHold": [hold]}))
    fill(api, 120)
    fill(api, 20, event_class="dlp")
    api.clock.move(days=20)
    api.apply(company(deny=["exec"], retention={"default": "10d", "legalHold": [hold]}))
    answer = api.post("/v1/orgs/acme/audit/purge", json={"reason": "test"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["purged"]["call"] == 120
    fill(api, 90)
    api.post("/v1/orgs/acme/audit/purge", json={"reason": "again"})
    fill(api, 60, event_class="agent")
    return api


def verify(api: Any, **known: Any) -> Verification:
    return verify_log("acme", DirectSource(api, limit=200), **known)


def codes(found: Verification) -> set[str]:
    return {finding.code for finding in found.findings}


def sql(api: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = api.plane.store._database._connection
    return connection


def test_a_log_that_nobody_touched_verifies(filled: Any) -> None:
    found = verify(filled)
    assert found.findings == ()
    assert found.records > 290
    assert found.checkpoints >= 3


@pytest.mark.parametrize(
    ("statement", "code", "seq"),
    [
        ("UPDATE audit_leaves SET actor = 'user:eve' WHERE org = 'acme' AND seq = 200", "record-edited", 200),
        ("UPDATE audit_leaves SET at = at + 1 WHERE org = 'acme' AND seq = 3", "record-edited", 3),
        ("DELETE FROM audit_leaves WHERE org = 'acme' AND seq = 123", "record-missing", 123),
        ("DELETE FROM audit_leaves WHERE org = 'acme' AND seq > 270", "truncated", 271),
        ("DELETE FROM audit_payloads WHERE org = 'acme' AND class = 'agent'", "payload-missing", None),
        ("DELETE FROM audit_payloads WHERE org = 'acme' AND class = 'dlp'", "payload-missing", None),
        ("UPDATE audit_nodes SET hash = zeroblob(32) WHERE org = 'acme' AND number = 0", "node-edited", 1),
        ("DELETE FROM audit_nodes WHERE org = 'acme' AND number = 0", "node-missing", 1),
        ("UPDATE audit_heads SET frontier = zeroblob(length(frontier)) WHERE org = 'acme'", "ledger-damaged", None),
    ],
)
def test_what_was_changed_is_named(filled: Any, statement: str, code: str, seq: int | None) -> None:
    sql(filled).execute(statement)
    found = verify(filled)
    assert code in codes(found)
    if seq is not None:
        assert found.findings[0].seq == seq or found.findings[0].seq == 0


def test_two_records_that_changed_places_are_found(filled: Any) -> None:
    connection = sql(filled)
    for old, new in ((200, -1), (201, 200), (-1, 201)):
        connection.execute("UPDATE audit_leaves SET seq = ? WHERE org = 'acme' AND seq = ?", (new, old))
    assert {200, 201} <= {finding.seq for finding in verify(filled).findings}


def test_a_consistent_forgery_is_found_by_the_checkpoints(filled: Any) -> None:
    """Somebody who rewrites the record, its hash, the tree and the head, but has no signing key."""
    from clawforge.ledger.merkle import Frontier, Growth
    from clawforge.ledger.record import leaf_of

    events = DirectSource(filled).page(0).events
    changed = events[100].model_copy(update={"actor": "user:eve"})
    leaves = [leaf_of("acme", changed if event.seq == changed.seq else event) for event in events]
    growth = Growth(Frontier())
    for leaf in leaves:
        growth.append(leaf)
    connection = sql(filled)
    connection.execute(
        "UPDATE audit_leaves SET actor = 'user:eve', leaf = ? WHERE org = 'acme' AND seq = ?",
        (leaves[100], changed.seq),
    )
    for node in growth.completed:
        connection.execute(
            "UPDATE audit_nodes SET hash = ? WHERE org = 'acme' AND level = ? AND number = ?",
            (node.hash, node.level, node.index),
        )
    connection.execute("UPDATE audit_heads SET frontier = ? WHERE org = 'acme'", (growth.frontier.encoded(),))
    found = verify(filled)
    assert "root-mismatch" in codes(found)
    assert found.findings[-1].seq <= changed.seq


def test_a_log_that_was_cut_and_signed_again_is_found_by_an_exported_checkpoint(api: Any) -> None:
    api.apply(company())
    fill(api, 100)
    answer = api.get("/v1/orgs/acme/audit/checkpoints").json()
    exported = ExportedCheckpoint.model_validate(
        {"org": "acme", "rootKey": answer["rootKey"], "signed": answer["checkpoints"][-1]["signed"]}
    )
    assert verify(api, exported=exported).findings == ()
    connection = sql(api)
    # Everything about the last 40 records is taken back, and the server knows of no checkpoint of them.
    from clawforge.ledger.merkle import frontier_of
    from clawforge.ledger.record import leaf_of

    events = DirectSource(api).page(0).events
    kept = frontier_of(leaf_of("acme", event) for event in events[:-40])
    connection.execute("DELETE FROM audit_leaves WHERE org = 'acme' AND seq > ?", (kept.size,))
    connection.execute("UPDATE audit_heads SET size = ?, frontier = ? WHERE org = 'acme'", (kept.size, kept.encoded()))
    assert "truncated" not in codes(verify(api))
    assert "truncated" in codes(verify(api, exported=exported))


def test_another_root_key_is_not_believed(filled: Any) -> None:
    import base64

    assert "root-key-changed" in codes(verify(filled, root_key=base64.b64encode(bytes(32)).decode()))


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[str, int]]:
    return [(row[1], row[5]) for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "org"]


def _random_edit(connection: sqlite3.Connection, dice: random.Random) -> str | None:
    """Change, delete or insert one row of one table of the log; says what, or None if that changed nothing."""
    table = dice.choices(TABLES, weights=(8, 4, 1, 1, 1))[0]
    columns = _columns(connection, table)
    key = [name for name, place in columns if place]
    where = " AND ".join([*(f'"{name}" IS ?' for name in key), "org = 'acme'"])
    rows = connection.execute(f"SELECT * FROM {table} WHERE org = 'acme'").fetchall()
    names = [item[0] for item in connection.execute(f"SELECT * FROM {table} LIMIT 0").description]
    row = dict(zip(names, dice.choice(rows), strict=True))
    place = [row[name] for name in key]
    kind = dice.choices(("edit", "delete", "insert"), weights=(8, 2, 1))[0]
    if kind == "delete" and (table != "audit_checkpoints" or row["size"] < max(item[1] for item in rows)):
        connection.execute(f"DELETE FROM {table} WHERE {where}", place)
        return f"delete {table} {place}"
    if kind == "insert" and table == "audit_leaves":
        last = max(item["seq"] for item in (dict(zip(names, each, strict=True)) for each in rows))
        row["seq"] = last + dice.randint(1, 3)
        marks = ",".join("?" * len(names))
        connection.execute(f"INSERT INTO {table} VALUES ({marks})", [row[name] for name in names])
        return f"insert {table} {row['seq']}"
    column = dice.choice([name for name, _ in columns])
    value = _other(dice, row[column])
    try:
        connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE {where}', [value, *place])
    except sqlite3.IntegrityError:
        return None
    return f"edit {table} {place} {column}: {row[column]!r} -> {value!r}"


def _other(dice: random.Random, value: Any) -> Any:
    if isinstance(value, bytes):
        at = dice.randrange(len(value)) if value else 0
        changed = value[:at] + bytes([value[at] ^ dice.randint(1, 255)]) + value[at + 1 :] if value else b"x"
        return dice.choice([changed, value[:-1], value + b"\x00"])
    if isinstance(value, int):
        return value + dice.choice([-1, 1, 256, 10**9])
    if isinstance(value, str):
        return dice.choice([value + "x", "eve", value[1:]]) if len(value) > 1 else value + "x"
    return dice.choice(["eve", 7]) if value is None else "eve"


@pytest.fixture
def tampering(filled: Any) -> Iterator[Callable[[], tuple[str, Verification]]]:
    """Makes a random edit, verifies, and takes it back."""
    dice = random.Random(20_261_120)
    pristine = sqlite3.connect(":memory:")
    connection = sql(filled)
    connection.backup(pristine)

    def attempt() -> tuple[str, Verification]:
        done = None
        while done is None:
            done = _random_edit(connection, dice)
        found = verify(filled)
        pristine.backup(connection)
        return done, found

    yield attempt
    pristine.close()


@pytest.mark.timeout(0)
def test_every_random_edit_of_the_store_is_found(tampering: Any) -> None:
    missed = []
    for _ in range(EDITS):
        done, found = tampering()
        if not found.findings:
            missed.append(done)
    assert missed == []


def test_without_the_check_of_payloads_some_edits_are_missed(tampering: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(verification.LogVerifier, "_check_payload", lambda self, event: None)
    assert any(not tampering()[1].findings for _ in range(60))
