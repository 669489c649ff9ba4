"""What every store must keep of `clawforge_server.store.history_port`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawforge.state import StateEntry
from clawforge_server.key_custody import FileCustody
from clawforge_server.store.port import Store
from clawforge_server.store.records import OrgRecord
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
DIGEST = "sha256:" + "0" * 64


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    custody = FileCustody(tmp_path / "master-key", creates=True)
    opened = {"sqlite": SqliteStore}[request.param](tmp_path / "store.db", custody)
    yield opened
    opened.close()


def entry(text: str) -> StateEntry:
    return StateEntry("policies", text.encode(), f"sha256:{text:0<64}"[:71])


def create(store: Store, *names: str) -> None:
    with store.transaction() as transaction:
        for name in names:
            transaction.orgs.create(OrgRecord(name, NOW, 0, 1, 1, NOW.date(), DIGEST))


def test_versions_are_paged_and_those_of_one_org(store: Store) -> None:
    create(store, "acme", "other")
    with store.transaction() as transaction:
        transaction.resources.write("acme", 1, {"Group/a": entry("1"), "Group/b": entry("b")}, [])
        transaction.resources.write("acme", 2, {"Group/b": entry("c")}, [])
        transaction.resources.write("acme", 3, {"Group/a": entry("3")}, [])
        transaction.resources.write("acme", 4, {}, ["Group/a"])
        transaction.resources.write("other", 2, {"Group/a": entry("x")}, [])
    with store.transaction() as transaction:
        history = transaction.history
        assert history.versions("acme", "Group/a", 99, 10) == ((4, None), (3, entry("3")), (1, entry("1")))
        assert history.versions("acme", "Group/a", 99, 2) == ((4, None), (3, entry("3")))
        assert history.versions("acme", "Group/a", 3, 10) == ((1, entry("1")),)
        assert history.versions("acme", "Group/a", 1, 10) == history.versions("acme", "Group/x", 99, 10) == ()
        assert history.versions("other", "Group/a", 99, 10) == ((2, entry("x")),)


STEP = st.tuples(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"), max_size=3), st.sets(st.sampled_from("abcd"))
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(STEP, max_size=6), data=st.data())
def test_what_changed_between_two_revisions(store: Store, steps: list[Any], data: st.DataObject) -> None:
    with store.transaction() as transaction:
        name = f"org{len(transaction.orgs.names())}"
    create(store, name, f"{name}-other")
    past: list[dict[str, StateEntry]] = [{}]
    touched: list[set[str]] = [set()]
    for number, (upserts, deletes) in enumerate(steps, start=1):
        gone = {address for address in deletes if address in past[-1] and address not in upserts}
        written = {address: entry(text) for address, text in upserts.items()}
        with store.transaction() as transaction:
            transaction.resources.write(name, number, written, gone)
            transaction.resources.write(f"{name}-other", number, {"a": entry(f"{number}")}, [])
        past.append({key: item for key, item in (past[-1] | written).items() if key not in gone})
        touched.append(set(written) | gone)
    low = data.draw(st.integers(0, len(steps)))
    high = data.draw(st.integers(low, len(steps)))
    with store.transaction() as transaction:
        found = transaction.history.between(name, low, high)
    changed = set().union(*touched[low + 1 : high + 1])
    assert found == {address: (past[low].get(address), past[high].get(address)) for address in changed}
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("call", "index"),
    [("versions", "sqlite_autoindex_resource_history_1"), ("between", "ix_resource_history_revision")],
)
def test_no_table_is_read_whole(store: Store, call: str, index: str) -> None:
    create(store, "acme")
    plans: list[str] = []
    engine = store._database._engine  # type: ignore[attr-defined]

    def explain(connection: Any, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        if "FROM resource_history" in statement and not statement.startswith("EXPLAIN"):
            rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(row[3] for row in rows)

    sa.event.listen(engine, "before_cursor_execute", explain)
    with store.transaction() as transaction:
        if call == "versions":
            transaction.history.versions("acme", "Group/a", 9, 10)
        else:
            transaction.history.between("acme", 1, 9)
    assert any(index in step for step in plans), plans
    assert not [step for step in plans if step.startswith("SCAN") and "resource_history" in step], plans
    # Of the outer joins, each row is found by its key.
    assert all("SEARCH" in step for step in plans if step.endswith(("old", "new"))), plans
