"""A database of the first shape: its tokens go on working, and its plans have an author."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from alembic import command

from clawforge_server.auth.credential import of_token
from clawforge_server.key_custody import FileCustody
from clawforge_server.migrations import migrate
from clawforge_server.store.sqlite.database import Database
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
TOKENS = """INSERT INTO tokens (id, org, kind, sha256, name, permissions, created_at, created_by)
VALUES ('t-owner', NULL, 'owner', 'h1', 'bootstrap', '["*:*"]', 0, 'server'),
       ('t-robot', 'acme', 'api', 'h2', 'robot', '["state:read"]', 0, 'owner')"""


def test_tokens_and_plans_of_the_first_shape_are_the_owner_s(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db")
    with database.transaction() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "r0001")
        connection.exec_driver_sql("INSERT INTO orgs VALUES ('acme', 0, 0, 1, 1, '2026-11-20', 'd')")
        connection.exec_driver_sql(TOKENS)
        connection.exec_driver_sql("INSERT INTO plans VALUES ('acme', 'p', 0, 0, 'owner', x'7b7d', NULL, NULL)")
    database.close()
    store = SqliteStore(tmp_path / "a.db", FileCustody(tmp_path / "master-key", creates=True))
    with store.transaction() as transaction:
        assert transaction.tokens.has_owner()
        owner, robot = transaction.tokens.find("h1"), transaction.tokens.find("h2")
        assert owner is not None
        assert robot is not None
        assert (owner.holder, owner.scopes, owner.networks, owner.parent) == ("owner", ("*:*",), (), None)
        assert (robot.holder, robot.scopes, of_token(robot).org) == ("owner", ("state:read",), "acme")
        (author,) = transaction._connection.exec_driver_sql("SELECT author FROM plans").scalars()
        assert author == "owner"
    store.close()
