"""Private keys at rest: what the database alone is worth to a thief, and what a writer of the database can do."""

from __future__ import annotations

import sqlite3
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_app import Api
from server_process import company, proposal, server_process

from clawforge.errors import UnavailableError
from clawforge.keys import SigningKey
from clawforge_server.data_dir import DataDirectory
from clawforge_server.key_custody import CommandCustody, FileCustody, TextCustody, choose_custody
from clawforge_server.migrations.migrate import upgrade
from clawforge_server.sealing import MasterKey, Seal
from clawforge_server.startup_error import StartupError
from clawforge_server.store.sqlite.database import Database
from clawforge_server.store.sqlite.store import SqliteStore

MASTER = MasterKey(bytes(range(32)))
SEED = b"\x07" * 32


def stored_keys(database: Path) -> list[tuple[str, bytes]]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT keyid, private FROM keys ORDER BY keyid").fetchall()
    connection.close()
    return rows


@given(private=st.binary(min_size=1, max_size=64), org=st.text(max_size=8), keyid=st.text(max_size=8))
def test_a_sealed_key_opens_in_its_own_place_alone(private: bytes, org: str, keyid: str) -> None:
    seal = Seal(MASTER)
    sealed = seal.close(org, keyid, private)
    assert seal.open(org, keyid, sealed) == private
    assert private not in sealed or len(private) < 4
    for other_org, other_key in ((org + "x", keyid), (org, keyid + "x")):
        with pytest.raises(UnavailableError):
            seal.open(other_org, other_key, sealed)


def test_every_flipped_bit_is_noticed() -> None:
    seal = Seal(MASTER)
    sealed = seal.close("acme", "k", SEED)
    for index in range(len(sealed)):
        for bit in range(8):
            forged = bytearray(sealed)
            forged[index] ^= 1 << bit
            with pytest.raises(UnavailableError):
                seal.open("acme", "k", bytes(forged))
    for length in range(len(sealed)):
        with pytest.raises(UnavailableError):
            seal.open("acme", "k", sealed[:length])


def test_another_master_key_opens_nothing() -> None:
    sealed = Seal(MASTER).close("acme", "k", SEED)
    with pytest.raises(UnavailableError, match="master key"):
        Seal(MasterKey.random()).open("acme", "k", sealed)


def test_the_same_key_is_sealed_differently_each_time() -> None:
    seal = Seal(MASTER)
    assert seal.close("acme", "k", SEED) != seal.close("acme", "k", SEED)


def test_a_master_key_does_not_show_itself() -> None:
    assert MASTER.text() not in f"{MASTER} {MASTER!r} {TextCustody(MASTER.text())!r}"


def test_the_database_holds_no_private_key_in_the_clear(api: Api, tmp_path: Path) -> None:
    api.apply(company())
    state = api.plane.states.get("acme")
    assert state.keys is not None
    seeds = [record.private for record in state.keys.records]
    assert all(seeds)
    assert len(seeds) == 2
    for file in (tmp_path / "data").glob("clawforge.db*"):
        content = file.read_bytes()
        assert not any(seed is not None and seed in content for seed in seeds), file.name
    master = tmp_path / "data" / "master-key"
    assert stat.S_IMODE(master.stat().st_mode) == 0o600


def test_keys_of_an_older_database_are_sealed_once(tmp_path: Path) -> None:
    """A row in the clear that appears after the migration was written by somebody else than this server."""
    file, custody = tmp_path / "a.db", FileCustody(tmp_path / "master-key", creates=True)
    _older_database(file, tmp_path)
    SqliteStore(file, custody).close()
    ((keyid, sealed),) = stored_keys(file)
    assert sealed != SEED
    assert Seal(MasterKey.parse((tmp_path / "master-key").read_text())).open("acme", keyid, sealed) == (SEED)
    planted = SigningKey(b"\x09" * 32)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE keys SET private = ? WHERE keyid = ?", (planted.seed, keyid))
    connection.close()
    with pytest.raises(StartupError, match="cannot be opened with this server's master key"):
        SqliteStore(file, custody)


def test_a_lost_or_foreign_master_key_refuses_the_start(tmp_path: Path) -> None:
    file, master = tmp_path / "a.db", tmp_path / "master-key"
    custody = FileCustody(master, creates=True)
    _older_database(file, tmp_path)
    SqliteStore(file, custody).close()
    kept = master.read_text()
    master.unlink()
    with pytest.raises(StartupError, match="is missing"):
        SqliteStore(file, custody)
    assert not master.exists(), "a new key would only hide the loss"
    with pytest.raises(StartupError, match="cannot be opened"):
        SqliteStore(file, TextCustody(MasterKey.random().text()))
    SqliteStore(file, TextCustody(kept)).close()


def test_a_command_may_hold_the_key(tmp_path: Path) -> None:
    sealed = Seal(MASTER).close("acme", "k", SEED)
    program = f"{sys.executable} -c \"print('{MASTER.text()}')\""
    assert CommandCustody(program).seal(may_create=False).open("acme", "k", sealed) == SEED


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "no command line"),
        ("'unclosed", "no command line"),
        ("/does/not/exist", "failed"),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "ended with 3"),
        (f"{sys.executable} -c 'print(42)'", "holds no master key"),
        (f"{sys.executable} -c 'print(\"A\" * 100000)'", "gave no key"),
    ],
)
def test_a_command_that_gives_no_key_refuses_the_start(command: str, message: str) -> None:
    with pytest.raises(StartupError, match=message):
        CommandCustody(command).seal(may_create=True)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(MASTER.text())
    file.chmod(0o640)
    with pytest.raises(StartupError, match="Others than its owner"):
        FileCustody(file, creates=False).seal(may_create=True)
    file.chmod(0o400)
    FileCustody(file, creates=False).seal(may_create=True)


def test_a_named_file_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="does not exist"):
        FileCustody(tmp_path / "key", creates=False).seal(may_create=True)


def test_one_source_is_enough(tmp_path: Path) -> None:
    directory = DataDirectory.open(tmp_path / "data")
    try:
        with pytest.raises(StartupError, match="several sources"):
            choose_custody(directory, {"CLAWFORGE_MASTER_KEY": MASTER.text()}, file=tmp_path / "key", command=None)
    finally:
        directory.close()


def test_the_server_starts_again_with_its_key_and_not_without(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server_process(data) as server, server.client() as client:
        plan = client.post("/v1/orgs/acme/plans", json=proposal(company())).json()
        client.post(f"/v1/orgs/acme/plans/{plan['id']}/apply", json={"plan": plan}, headers={"If-Match": '"0"'})
        keys = client.get("/v1/orgs/acme/keys").json()["rootKey"]
        assert server.stop() == 0
    with server_process(data) as server, server.client() as client:
        assert client.get("/v1/orgs/acme/keys").json()["rootKey"] == keys
        assert server.stop() == 0
    (data / "master-key").unlink()
    with pytest.raises(AssertionError, match="master-key is missing"), server_process(data):
        pass


def _older_database(file: Path, directory: Path) -> None:
    """A database from before keys were sealed, with one key in the clear."""
    database = Database(file)
    key = SigningKey(SEED)
    with database.transaction() as connection:
        upgrade(connection, lambda: FileCustody(directory / "unused", creates=True).seal(may_create=True), "r0004")
        connection.exec_driver_sql(
            "INSERT INTO orgs (name, created_at, revision, serial, epoch, horizon_day, state_digest)"
            " VALUES ('acme', 0, 0, 0, 1, '2026-01-01', '')"
        )
        connection.exec_driver_sql(
            "INSERT INTO keys (org, keyid, role, epoch, public, private, created_at)"
            " VALUES ('acme', ?, 'root', 1, ?, ?, 0)",
            (key.keyid, key.public, key.seed),
        )
    database.close()
