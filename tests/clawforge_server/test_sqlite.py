"""The SQLite file: its pragmas, its migrations, and its shape."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from clawforge.errors import UnavailableError
from clawforge_server.key_custody import FileCustody
from clawforge_server.migrations.migrate import current_revision, head_revision, known_revisions, upgrade
from clawforge_server.startup_error import StartupError
from clawforge_server.store.sqlite.database import Database
from clawforge_server.store.sqlite.store import SqliteStore
from clawforge_server.store.tables import metadata


def custody(directory: Path) -> FileCustody:
    return FileCustody(directory / "master-key", creates=True)


def pragma(database: Database, name: str) -> object:
    with database.transaction() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_commits_are_durable_and_references_hold(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db")
    assert [pragma(database, name) for name in ("journal_mode", "synchronous", "foreign_keys")] == ["wal", 2, 1]
    database.close()


def test_a_file_system_without_a_write_ahead_log_is_refused() -> None:
    with pytest.raises(StartupError, match="journal_mode"):
        Database(Path(":memory:"))


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db", custody(tmp_path))
    store.close()
    database = Database(tmp_path / "a.db")
    with database.transaction() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        checks = sa.inspect(connection).get_check_constraints("enrollments")
        assert [check["name"] for check in checks] == ["ck_enrollments_uses"]
    database.close()


def test_the_org_is_in_every_table() -> None:
    for table in metadata.tables.values():
        assert "org" in table.c or table.name == "orgs"


def test_opening_again_migrates_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        store = SqliteStore(tmp_path / "a.db", custody(tmp_path))
        store.check_ready()
        store.close()


def test_a_failed_migration_leaves_nothing_behind(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db")

    def fail() -> None:
        with database.transaction() as connection:
            upgrade(connection, lambda: custody(tmp_path).seal(may_create=True))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with database.transaction() as connection:
        assert current_revision(connection) is None
        assert sa.inspect(connection).get_table_names() == []
    database.close()


def test_there_is_one_way_to_the_present_shape() -> None:
    assert head_revision() in known_revisions()


def test_another_shape_is_not_ready(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db", custody(tmp_path))
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("UPDATE alembic_version SET version_num = 'r0000'")
    other.close()
    with pytest.raises(UnavailableError):
        store.check_ready()
    store.close()
    with pytest.raises(StartupError, match="newer version"):
        SqliteStore(tmp_path / "a.db", custody(tmp_path))
