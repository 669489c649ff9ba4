"""What every store must keep of quarantines: one an instance and invariant, in its org, with the last release."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawforge_server.key_custody import FileCustody
from clawforge_server.store.port import Store
from clawforge_server.store.records import InstanceRecord, OrgRecord, QuarantineRecord
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    custody = FileCustody(tmp_path / "master-key", creates=True)
    store = {"sqlite": SqliteStore}[request.param](tmp_path / "store.db", custody)
    with store.transaction() as transaction:
        for org in ("acme", "other"):
            transaction.orgs.create(OrgRecord(org, NOW, 0, 1, 1, NOW.date(), "sha256:" + "0" * 64))
            for name, user in (("i-1", "dev"), ("i-2", "ann")):
                transaction.instances.add(
                    InstanceRecord(org, name, f"{org} {name}", user, (), {}, "laptop", "openclaw", {}, "e", NOW)
                )
    yield store
    store.close()


def record(instance: str = "i-1", invariant: str = "Invariant/a", number: int = 1) -> QuarantineRecord:
    return QuarantineRecord(instance, invariant, f"sha256:{number:064x}", NOW, f"why {number}")


def test_they_are_kept_in_their_org_by_instance_and_invariant(store: Store) -> None:
    rows = [record("i-1", "Invariant/a"), record("i-1", "Invariant/b"), record("i-2", "Invariant/a")]
    with store.transaction() as transaction:
        for row in reversed(rows):
            transaction.quarantines.put("acme", row)
    with store.transaction() as transaction:
        assert transaction.quarantines.list("acme") == tuple(rows)
        assert transaction.quarantines.list("other") == ()


def test_a_release_is_of_one_instance_and_happens_once(store: Store) -> None:
    with store.transaction() as transaction:
        quarantines = transaction.quarantines
        for row in (record("i-1", "Invariant/a"), record("i-1", "Invariant/b"), record("i-2")):
            quarantines.put("acme", row)
        quarantines.put("other", record())
        assert quarantines.release("acme", "i-1", LATER, "user:ann", "looked at")
        assert not quarantines.release("acme", "i-1", LATER, "user:eve", "again")
        assert not quarantines.release("acme", "i-3", LATER, "user:ann", "nobody")
    with store.transaction() as transaction:
        released = {"released_at": LATER, "released_by": "user:ann", "reason": "looked at"}
        assert transaction.quarantines.list("acme") == (
            dataclasses.replace(record("i-1", "Invariant/a"), **released),
            dataclasses.replace(record("i-1", "Invariant/b"), **released),
            record("i-2"),
        )
        assert transaction.quarantines.list("other") == (record(),)


def test_one_that_comes_again_takes_the_place_of_the_released_one(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.quarantines.put("acme", record(number=1))
        transaction.quarantines.release("acme", "i-1", LATER, "user:ann", "looked at")
        transaction.quarantines.put("acme", record(number=2))
        assert transaction.quarantines.list("acme") == (record(number=2),)


def test_machines_of_one_user(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.instances.revoke("acme", "i-1", LATER)
        (found,) = transaction.instances.of_user("acme", "dev")
        assert (found.org, found.name, found.revoked_at) == ("acme", "i-1", LATER)
        assert transaction.instances.of_user("acme", "eve") == ()
