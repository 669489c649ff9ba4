"""What every store must keep about identity: trees of keys, sessions, suspensions, judgements; each in its org only."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawforge_server.key_custody import FileCustody
from clawforge_server.store.port import Store
from clawforge_server.store.records import OrgRecord, SessionRecord, SuspensionRecord, TokenRecord
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    custody = FileCustody(tmp_path / "master-key", creates=True)
    store = {"sqlite": SqliteStore}[request.param](tmp_path / "store.db", custody)
    with store.transaction() as transaction:
        for name in ("acme", "other"):
            transaction.orgs.create(OrgRecord(name, NOW, 0, 1, 1, NOW.date(), "sha256:" + "0" * 64))
    yield store
    store.close()


def token(name: str, parent: str | None = None, org: str = "acme") -> TokenRecord:
    return TokenRecord(
        name, org, "api", f"hash {org} {name}", "k", "user:a", ("a:b",), NOW, "x", LATER, ("192.0.2.0/24",), parent
    )


def session(name: str, org: str = "acme", holder: str = "user:ann") -> SessionRecord:
    return SessionRecord(
        name, org, holder, "oidc", ("x", "y"), NOW, LATER, "192.0.2.1", f"a {org} {name}", NOW, f"r {org} {name}"
    )


def test_a_tree_of_keys_falls_with_its_root_and_in_its_org_only(store: Store) -> None:
    with store.transaction() as transaction:
        tokens = transaction.tokens
        for record in (
            token("root", "session-1"),
            token("child", "root"),
            token("leaf", "child"),
            token("else"),
            token("foreign", "root", "other"),
        ):
            tokens.add(record)
        assert tokens.get("acme", "leaf") == token("leaf", "child")
        assert set(tokens.revoke("acme", "child", NOW)) == {"hash acme child", "hash acme leaf"}
        assert tokens.revoke("acme", "session-1", NOW) == ("hash acme root",)
        assert tokens.revoke("acme", "root", NOW) == ()
        assert [item.id for item in tokens.list("acme") if item.revoked_at is None] == ["else"]
        assert tokens.list("other")[0].revoked_at is None


def test_a_replaced_key_falls_with_its_successor(store: Store) -> None:
    with store.transaction() as transaction:
        for record in (token("old"), token("new")):
            transaction.tokens.add(record)
        transaction.tokens.replace("other", "old", "new", NOW)
        assert transaction.tokens.get("acme", "old") == token("old")
        transaction.tokens.replace("acme", "old", "new", NOW)
        assert transaction.tokens.get("acme", "old") == dataclasses.replace(token("old"), parent="new", expires_at=NOW)
        assert set(transaction.tokens.revoke("acme", "new", NOW)) == {"hash acme old", "hash acme new"}


NODES = st.integers(0, 7)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parents=st.lists(st.none() | NODES, min_size=1, max_size=8), root=NODES)
def test_whatever_the_parents_are_revoking_ends_and_takes_what_can_be_reached(
    store: Store, parents: list[int | None], root: int
) -> None:
    """Even circles, which nobody makes on purpose."""
    reached, waiting = {root}, [root]
    while waiting:
        here = waiting.pop()
        new = {index for index, parent in enumerate(parents) if parent == here} - reached
        reached |= new
        waiting += new

    def roll_back() -> None:
        with store.transaction() as transaction:
            for index, parent in enumerate(parents):
                transaction.tokens.add(token(str(index), None if parent is None else str(parent)))
            found = set(transaction.tokens.revoke("acme", str(root), NOW))
            assert found == {f"hash acme {index}" for index in reached if index < len(parents)}
            raise LookupError

    with pytest.raises(LookupError):
        roll_back()


def test_sessions_rotate_once_and_remember_what_was_used(store: Store) -> None:
    renewed = dataclasses.replace(
        session("s"), access_sha256="a2", refresh_sha256="r2", refreshed_at=LATER, access_expires_at=LATER
    )
    with store.transaction() as transaction:
        sessions = transaction.sessions
        sessions.add(session("s"))
        sessions.add(session("s", "other"))
        assert sessions.find("a acme s") == session("s")
        assert sessions.find("r acme s") is None, "a refresh token is no access token"
        assert sessions.find_refresh("a acme s") is None
        assert sessions.find_refresh("r acme s") == (session("s"), True)
        assert sessions.rotate(renewed, "r acme s")
        assert not sessions.rotate(renewed, "r acme s")
        assert sessions.find("a acme s") is None
        assert sessions.find_refresh("r acme s") == (renewed, False)
        assert sessions.find_refresh("r2") == (renewed, True)
        assert sessions.get("other", "s") == session("s", "other")
        assert not sessions.end("other", "nothing", LATER, "x")
        assert sessions.end("acme", "s", LATER, "user:ann")
        assert not sessions.end("acme", "s", LATER, "user:ann")
        assert not sessions.rotate(dataclasses.replace(renewed, refresh_sha256="r3"), "r2"), "it has ended"


def test_sessions_are_listed_by_holder_and_forgotten_when_over(store: Store) -> None:
    with store.transaction() as transaction:
        sessions = transaction.sessions
        for record in (session("a"), session("b", holder="user:bob"), session("c", "other")):
            sessions.add(record)
        assert [item.id for item in sessions.list("acme")] == ["a", "b"]
        assert [item.id for item in sessions.list("acme", "user:bob")] == ["b"]
        sessions.end("acme", "b", NOW, "x")
        sessions.forget_ended("acme", LATER)
        assert [item.id for item in sessions.list("acme")] == ["a"]
        sessions.forget_ended("acme", LATER + dt.timedelta(seconds=1))
        assert sessions.list("acme") == ()
        assert [item.id for item in sessions.list("other")] == ["c"]


def test_suspensions_and_numbers_are_counted_by_org(store: Store) -> None:
    suspension = SuspensionRecord("ann", NOW, "user:bob", "phished")
    with store.transaction() as transaction:
        assert transaction.suspensions.add("acme", suspension)
        assert not transaction.suspensions.add("acme", dataclasses.replace(suspension, reason="else"))
        assert transaction.suspensions.list("acme") == (suspension,)
        assert transaction.suspensions.list("other") == ()
        assert not transaction.suspensions.lift("other", "ann")
        assert transaction.suspensions.lift("acme", "ann")
        assert not transaction.suspensions.lift("acme", "ann")
        assert transaction.revocations.numbers() == {}
        for org in ("acme", "other", "acme"):
            transaction.revocations.add(org)
        assert transaction.revocations.numbers() == {"acme": 2, "other": 1}
