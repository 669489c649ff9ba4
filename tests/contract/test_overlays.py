"""What every store must keep of overlays: each in its org, with what is due found by the clock."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawforge_server.key_custody import FileCustody
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Store
from clawforge_server.store.records import OrgRecord
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=dt.UTC)
SECOND, HOUR = dt.timedelta(seconds=1), dt.timedelta(hours=1)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    custody = FileCustody(tmp_path / "master-key", creates=True)
    store = {"sqlite": SqliteStore}[request.param](tmp_path / "store.db", custody)
    with store.transaction() as transaction:
        for org in ("acme", "other"):
            transaction.orgs.create(OrgRecord(org, NOW, 0, 1, 1, NOW.date(), "sha256:" + "0" * 64))
    yield store
    store.close()


def kill(number: int = 1, org: str = "acme", **more: Any) -> OverlayRecord:
    at = NOW + number * SECOND
    given = {"kind": "kill", "scope": f"tool:t{number}", "starts_at": at, **more}
    return OverlayRecord(org, f"kill-{number}", reason="why", created_at=at, created_by="user:ann", **given)


def ended(record: OverlayRecord, after: dt.timedelta) -> OverlayRecord:
    return dataclasses.replace(record, ended_at=NOW + after, ended_by="user:bob", end_reason="over")


def test_they_are_kept_whole_and_in_their_org(store: Store) -> None:
    full = kill(
        2, message="stop", ticket="INC-1", body='{"a":1}', expires_at=NOW + HOUR, remind_every=60, reminded_at=NOW
    )
    waiting = kill(3, starts_at=None)
    with store.transaction() as transaction:
        for record in (waiting, full, kill(1), kill(1, "other")):
            transaction.overlays.put(record)
    with store.transaction() as transaction:
        overlays = transaction.overlays
        assert overlays.open("acme") == (kill(1), full, waiting)
        assert overlays.open("other") == (kill(1, "other"),)
        assert overlays.get("acme", "kill-2") == full
        assert overlays.get("other", "kill-2") is None
        assert (waiting.in_force, full.in_force) == (False, True)


def test_what_ended_is_listed_apart_newest_first(store: Store) -> None:
    with store.transaction() as transaction:
        for number in range(4):
            transaction.overlays.put(kill(number))
        for number in (2, 0, 3):
            transaction.overlays.put(ended(kill(number), number * HOUR))
    with store.transaction() as transaction:
        assert transaction.overlays.open("acme") == (kill(1),)
        assert [item.id for item in transaction.overlays.ended("acme", 2)] == ["kill-3", "kill-2"]
        assert transaction.overlays.ended("other", 2) == ()
        assert not transaction.overlays.ended("acme", 1)[0].in_force


def test_the_last_end_of_a_grant_is_found_without_reading_its_history(store: Store) -> None:
    def lift(number: int, grant: str, **more: Any) -> OverlayRecord:
        return kill(number, kind="elevation", scope="user:ann", body=f'{{"grant":"{grant}"}}', **more)

    with store.transaction() as transaction:
        for record in (
            ended(lift(1, "shell"), HOUR),
            ended(lift(2, "shell"), 2 * HOUR),
            ended(lift(3, "web"), 3 * HOUR),
            ended(lift(4, "shell", starts_at=None), 4 * HOUR),
            lift(5, "shell"),
            dataclasses.replace(ended(lift(6, "shell"), 5 * HOUR), scope="user:bob"),
        ):
            transaction.overlays.put(record)
    with store.transaction() as transaction:
        overlays = transaction.overlays
        assert overlays.last_ended("acme", "user:ann", "shell") == NOW + 2 * HOUR, "one that was denied never held"
        assert overlays.last_ended("acme", "user:ann", "web") == NOW + 3 * HOUR
        assert overlays.last_ended("acme", "user:ann", "none") is None
        assert overlays.last_ended("other", "user:ann", "shell") is None


def test_the_clock_finds_ends_and_reminders(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.overlays.put(kill(0, expires_at=NOW + HOUR, remind_every=600))
        transaction.overlays.put(kill(0, "other", expires_at=NOW + HOUR))
        transaction.overlays.put(kill(1))
        transaction.overlays.put(ended(kill(2, expires_at=NOW, remind_every=60), HOUR))
        assert transaction.overlays.due(NOW + 600 * SECOND - SECOND) == ()
        assert transaction.overlays.due(NOW + 600 * SECOND) == ("acme",)
        assert transaction.overlays.due(NOW + HOUR) == ("acme", "other")
        transaction.overlays.put(kill(0, expires_at=NOW + HOUR, remind_every=600, reminded_at=NOW + 600 * SECOND))
        assert transaction.overlays.due(NOW + 600 * SECOND) == ()


def test_what_waits_is_reminded_of_by_nobody() -> None:
    assert kill(1, starts_at=None, remind_every=60).due_at is None
    assert kill(1, starts_at=None, expires_at=NOW).due_at == NOW
