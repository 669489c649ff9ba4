"""What every store must keep of what instances acknowledged: changes only, in order, in their org, and not for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawforge_server.key_custody import FileCustody
from clawforge_server.store.acknowledgement_port import KEPT_ACKNOWLEDGEMENTS
from clawforge_server.store.port import Store, Transaction
from clawforge_server.store.records import AcknowledgementRecord, InstanceRecord, OrgRecord
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    custody = FileCustody(tmp_path / "master-key", creates=True)
    store = {"sqlite": SqliteStore}[request.param](tmp_path / "store.db", custody)
    with store.transaction() as transaction:
        for org in ("acme", "other"):
            transaction.orgs.create(OrgRecord(org, NOW, 0, 1, 1, NOW.date(), "sha256:" + "0" * 64))
            for name in ("i-1", "i-2"):
                transaction.instances.add(
                    InstanceRecord(org, name, f"{org} {name}", "dev", (), {}, "laptop", "openclaw", {}, "e", NOW)
                )
    yield store
    store.close()


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def change(number: int, *, instance: str = "i-1", org: str = "acme", minutes: int = 0) -> AcknowledgementRecord:
    return AcknowledgementRecord(org, instance, NOW + minutes * MINUTE, digest(number), number, number + 100)


def kept(transaction: Transaction, instance: str = "i-1", org: str = "acme") -> list[str]:
    found = transaction.acknowledgements.page(org, instance, before=None, until=None, limit=1000)
    return [item.digest for item in reversed(found)]


def test_changes_are_kept_in_order_and_repetitions_are_not(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.acknowledgements.add([change(1), change(1, minutes=1), change(2, minutes=1)])
    with store.transaction() as transaction:
        transaction.acknowledgements.add([change(2, minutes=2), change(1, minutes=3), change(3, instance="i-2")])
        assert kept(transaction) == [digest(1), digest(2), digest(1)]
        assert kept(transaction, "i-2") == [digest(3)]
        assert kept(transaction, org="other") == []
        (newest,) = transaction.acknowledgements.page("acme", "i-1", before=None, until=None, limit=1)
        assert newest == AcknowledgementRecord("acme", "i-1", NOW + 3 * MINUTE, digest(1), 1, 101, 3)


def test_pages_go_back_by_number_and_by_moment(store: Store) -> None:
    with store.transaction() as transaction:
        acknowledgements = transaction.acknowledgements
        acknowledgements.add([change(number, minutes=number) for number in range(1, 6)])
        page = acknowledgements.page("acme", "i-1", before=4, until=None, limit=2)
        assert [item.number for item in page] == [3, 2]
        page = acknowledgements.page("acme", "i-1", before=None, until=NOW + 3 * MINUTE, limit=1)
        assert [item.number for item in page] == [3]
        assert acknowledgements.page("acme", "i-1", before=None, until=NOW, limit=9) == ()


def test_the_newest_of_many_comes_in_one_answer(store: Store) -> None:
    with store.transaction() as transaction:
        acknowledgements = transaction.acknowledgements
        acknowledgements.add([change(number, minutes=number) for number in range(1, 4)])
        acknowledgements.add(
            [change(7, instance="i-2"), change(9, org="other"), change(8, instance="i-2", org="other")]
        )
        found = acknowledgements.newest("acme", ["i-1", "i-2", "nobody"])
        assert {name: item.digest for name, item in found.items()} == {"i-1": digest(3), "i-2": digest(7)}
        assert found["i-1"] == AcknowledgementRecord("acme", "i-1", NOW + 3 * MINUTE, digest(3), 3, 103, 3)
        assert acknowledgements.newest("acme", ["i-2"]).keys() == {"i-2"}
        assert acknowledgements.newest("acme", []) == {}


def test_what_the_server_did_not_remember_stays_unknown(store: Store) -> None:
    unknown = AcknowledgementRecord("acme", "i-1", NOW, digest(1))
    with store.transaction() as transaction:
        transaction.acknowledgements.add([unknown])
        (found,) = transaction.acknowledgements.page("acme", "i-1", before=None, until=None, limit=9)
    assert (found.revision, found.serial, found.number) == (None, None, 1)


def test_an_instance_that_does_not_exist_leaves_no_trace(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.acknowledgements.add([change(1, instance="nobody"), change(1, org="nowhere"), change(1)])
        assert kept(transaction, "nobody") == []
        assert kept(transaction) == [digest(1)]


def test_the_newest_stay(store: Store) -> None:
    last = KEPT_ACKNOWLEDGEMENTS + 5
    with store.transaction() as transaction:
        transaction.acknowledgements.add([change(1, instance="i-2")])
        transaction.acknowledgements.add([change(number) for number in range(1, last + 1)])
        assert kept(transaction) == [digest(number) for number in range(6, last + 1)]
        assert kept(transaction, "i-2") == [digest(1)]
        transaction.acknowledgements.add([change(7)])
        (newest,) = transaction.acknowledgements.page("acme", "i-1", before=None, until=None, limit=1)
        assert newest.number == last + 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    batches=st.lists(st.lists(st.tuples(st.sampled_from(("i-1", "i-2")), st.integers(1, 3)), max_size=5), max_size=5)
)
def test_it_is_what_a_list_would_remember(store: Store, batches: list[list[tuple[str, int]]]) -> None:
    expected: dict[str, list[str]] = {"i-1": [], "i-2": []}

    def roll_back() -> None:
        with store.transaction() as transaction:
            for batch in batches:
                transaction.acknowledgements.add([change(number, instance=name) for name, number in batch])
                for name, number in batch:
                    if expected[name][-1:] != [digest(number)]:
                        expected[name].append(digest(number))
            assert {name: kept(transaction, name) for name in expected} == expected
            raise LookupError

    with pytest.raises(LookupError):
        roll_back()
