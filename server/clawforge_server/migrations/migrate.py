"""Bringing a database to the shape that this code needs, and refusing one that newer code made."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from clawforge_server.sealing import Seal
from clawforge_server.startup_error import StartupError


def upgrade(connection: sa.Connection, seal: Callable[[], Seal], to: str = "head") -> None:
    """Run every missing migration in the caller's transaction; `seal` is asked for if one has to seal private keys.

    `to` is the shape to stop at, as a database of an older version has it. Raises StartupError for a newer database.
    """
    from alembic import command

    found = current_revision(connection)
    if found is not None and found not in known_revisions():
        raise StartupError(
            f"The database was written by a newer version of clawforge (its shape is {found!r}).",
            hint="Start that version, or a newer one. Going back is not possible; restore a backup instead.",
        )
    if found == head_revision():
        return
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["seal"] = seal
    command.upgrade(config, to)


def current_revision(connection: sa.Connection) -> str | None:
    """The shape of the database; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def head_revision() -> str | None:
    """The shape that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


@cache
def known_revisions() -> frozenset[str]:
    """Every shape that this code knows the way from."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
