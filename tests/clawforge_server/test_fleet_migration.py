"""A database from before fleets and rollouts: its plugins are known as such, and what was granted still counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clawforge_server.key_custody import FileCustody
from clawforge_server.migrations.migrate import upgrade
from clawforge_server.store.sqlite.database import Database
from clawforge_server.store.sqlite.store import SqliteStore


def plugin_shape(file: Path, custody: FileCustody, fill: Callable[[sqlite3.Connection], None]) -> None:
    """A database as the first version with sessions of plugins left it."""
    database = Database(file)
    with database.transaction() as connection:
        upgrade(connection, lambda: custody.seal(may_create=True), to="r0014")
    database.close()
    with sqlite3.connect(file) as plain:
        add(plain, "orgs", name="acme")
        add(plain, "orgs", name="other")
        fill(plain)
    plain.close()


def add(connection: sqlite3.Connection, table: str, **values: Any) -> None:
    """A row; what must be there and is not said is empty."""
    shape = connection.execute(f"PRAGMA table_info({table})").fetchall()
    row = {name: "" if "CHAR" in kind or kind == "TEXT" else 0 for _, name, kind, needed, _, _ in shape if needed}
    row = {**row, **values}
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


def machine(connection: sqlite3.Connection, name: str, org: str = "acme", enrollment: str = "t-1") -> None:
    add(connection, "instances", org=org, name=name, sha256=f"{org}/{name}", enrollment=enrollment)


def session(connection: sqlite3.Connection, instance: str | None, number: int) -> None:
    add(connection, "sessions", org="acme", id=f"s-{number}", access_sha256=f"s-{number}", instance=instance)


def grown_up(file: Path, custody: FileCustody) -> None:
    SqliteStore(file, custody).close()


def rows(file: Path, statement: str) -> dict[Any, Any]:
    with sqlite3.connect(file) as connection:
        found = dict(connection.execute(statement).fetchall())
    connection.close()
    return found


def test_whoever_has_a_session_or_signed_in_is_a_plugin(tmp_path: Path) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        machine(connection, "agent")
        machine(connection, "with-session")
        machine(connection, "signed-in", enrollment="sign-in")
        machine(connection, "with-session", org="other")
        session(connection, "with-session", 1)
        session(connection, None, 2)

    file, custody = tmp_path / "a.db", FileCustody(tmp_path / "master-key", creates=True)
    plugin_shape(file, custody, fill)
    grown_up(file, custody)
    assert rows(file, "SELECT org || '/' || name, protocol FROM instances") == {
        "acme/agent": "agent",
        "acme/with-session": "plugin",
        "acme/signed-in": "plugin",
        "other/with-session": "agent",
    }


def test_what_was_held_by_a_grant_still_counts_for_it(tmp_path: Path) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        body = '{"grant": "%s"}'
        add(connection, "overlays", org="acme", id="used", kind="elevation", body=body % "g-1", starts_at=1)
        add(connection, "overlays", org="acme", id="asked-for", kind="elevation", body=body % "g-1")
        add(connection, "overlays", org="acme", id="kill", kind="kill", body="{}")

    file, custody = tmp_path / "a.db", FileCustody(tmp_path / "master-key", creates=True)
    plugin_shape(file, custody, fill)
    grown_up(file, custody)
    assert rows(file, "SELECT id, held_grant FROM overlays") == {"used": "g-1", "asked-for": None, "kill": None}


def test_a_fleet_of_twice_the_size_costs_about_twice_as_much(tmp_path: Path) -> None:
    def steps(size: int) -> int:
        def fill(connection: sqlite3.Connection) -> None:
            for number in range(size):
                machine(connection, f"m-{number}")
                session(connection, f"m-{number}", number)

        file, custody = tmp_path / f"{size}.db", FileCustody(tmp_path / "master-key", creates=True)
        plugin_shape(file, custody, fill)
        counted = [0]

        def step() -> int:
            counted[0] += 1
            return 0

        database = Database(file)
        with database.transaction() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.set_progress_handler(step, 100)
            upgrade(connection, lambda: custody.seal(may_create=True), to="r0016")
            driver.set_progress_handler(None, 0)
        database.close()
        return counted[0]

    assert steps(1_000) < 3 * steps(500)
