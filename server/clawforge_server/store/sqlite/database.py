"""One SQLite connection, and transactions on it.

SQLite libraries before 3.51.3 can corrupt a write-ahead log that several connections write and reset at once
(the "WAL reset" defect). This store opens exactly one connection in exactly one process (the data directory
is locked), and a lock lets one transaction at a time use it. So any library is safe.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from clawforge_server.startup_error import StartupError

_FULL = 2
_BUSY_SECONDS = 5.0


class Database:
    """The file, opened durably: `commit` returns after the data reached the disk."""

    def __init__(self, path: Path) -> None:
        try:
            connection = _connect(path)
        except sqlite3.DatabaseError as error:
            raise StartupError(
                f"The database {path} cannot be opened: {error}.",
                hint="If the file is damaged, stop here and restore it from a backup; nothing was changed.",
            ) from error
        self._connection = connection
        # hide_parameters: what people send must not reach a log through the text of a database error.
        self._engine = sa.create_engine(
            "sqlite://", creator=lambda: connection, poolclass=StaticPool, hide_parameters=True
        )
        sa.event.listen(self._engine, "begin", _begin)
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction of its own: commits at the end of the block, rolls back when it raises."""
        with self._lock, self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Fold the write-ahead log into the file, and let go of it."""
        with self._lock:
            self._engine.dispose()
            self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    _require(connection, "journal_mode=WAL", "journal_mode", "wal")
    # NORMAL would lose acknowledged transactions at a power cut.
    _require(connection, "synchronous=FULL", "synchronous", _FULL)
    _require(connection, "foreign_keys=ON", "foreign_keys", 1)
    return connection


def _require(connection: sqlite3.Connection, assignment: str, name: str, wanted: object) -> None:
    """Set a pragma, and make sure of it: SQLite ignores what it cannot do."""
    connection.execute(f"PRAGMA {assignment}").close()
    (found,) = connection.execute(f"PRAGMA {name}").fetchone()
    if found != wanted:
        raise StartupError(
            f"SQLite refused PRAGMA {assignment} (it stays at {found}).",
            hint="The data directory must be on a local file system that supports shared memory files.",
        )


def _begin(connection: Any) -> None:
    """Take the write lock at once: a transaction that reads first and writes later must not find it taken."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
