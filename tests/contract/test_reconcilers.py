"""What every store must keep of reconcilers: one a name, in its org, whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawforge_server.key_custody import FileCustody
from clawforge_server.store.port import Store
from clawforge_server.store.reconciler_port import ReconcilerRecord
from clawforge_server.store.records import OrgRecord
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    custody = FileCustody(tmp_path / "master-key", creates=True)
    store = {"sqlite": SqliteStore}[request.param](tmp_path / "store.db", custody)
    with store.transaction() as transaction:
        for org in ("acme", "other"):
            transaction.orgs.create(OrgRecord(org, NOW, 0, 1, 1, NOW.date(), "sha256:" + "0" * 64))
    yield store
    store.close()


def record(org: str = "acme", name: str = "main", fence: int = 1) -> ReconcilerRecord:
    return ReconcilerRecord(org, name, "policies", "r", "main", ".", fence, NOW, "service-account:bot", "h" * 16)


def test_they_are_kept_whole_in_their_org_by_name(store: Store) -> None:
    whole = dataclasses.replace(
        record(fence=2**53 - 1),
        holder=None,
        last_commit="a" * 40,
        last_revision=7,
        suspended_at=NOW,
        suspended_by="user:ann",
        suspended_reason="incident 7",
        wanted=3,
        acknowledged="b" * 64,
        seen="c" * 40,
        conditions='[{"type":"Ready"}]',
        message="look at it",
        reported_at=NOW,
    )
    with store.transaction() as transaction:
        for item in (record(name="second"), record(), record("other"), whole):
            transaction.reconcilers.put(item)
    with store.transaction() as transaction:
        assert transaction.reconcilers.list("acme") == (whole, record(name="second"))
        assert transaction.reconcilers.get("acme", "main") == whole
        assert transaction.reconcilers.get("other", "main") == record("other")
        assert transaction.reconcilers.get("other", "second") is None
        assert transaction.reconcilers.list("nowhere") == ()
