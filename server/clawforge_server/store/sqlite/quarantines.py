"""Quarantines in SQL."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from clawforge_server.store import tables
from clawforge_server.store.records import QuarantineRecord


class SqlQuarantines:
    """Implements `store.port.Quarantines`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def list(self, org: str) -> tuple[QuarantineRecord, ...]:
        """By instance and invariant, those who were released included."""
        table = tables.quarantines
        columns = [column for column in table.c if column.name != "org"]
        statement = sa.select(*columns).where(table.c.org == org).order_by(table.c.instance, table.c.invariant)
        return tuple(QuarantineRecord(**row._mapping) for row in self._connection.execute(statement))

    def put(self, org: str, record: QuarantineRecord) -> None:
        """Shut an instance in, in place of what was kept about it and this invariant."""
        table = tables.quarantines
        values: dict[str, Any] = dataclasses.asdict(record)
        self._connection.execute(
            insert(table)
            .values(org=org, **values)
            .on_conflict_do_update(index_elements=[table.c.org, table.c.instance, table.c.invariant], set_=values)
        )

    def release(self, org: str, instance: str, at: dt.datetime, by: str, reason: str) -> bool:
        """Let it out of everything; False when it is not shut in."""
        table = tables.quarantines
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.instance == instance, table.c.released_at.is_(None))
            .values(released_at=at, released_by=by, reason=reason)
        )
        return done.rowcount > 0
