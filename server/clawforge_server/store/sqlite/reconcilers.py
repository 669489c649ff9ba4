"""Reconcilers in SQL."""

from __future__ import annotations

import dataclasses
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from clawforge_server.store.reconciler_port import ReconcilerRecord
from clawforge_server.store.reconciler_table import reconcilers as table


class SqlReconcilers:
    """Implements `store.reconciler_port.Reconcilers`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, name: str) -> ReconcilerRecord | None:
        """One of the org's."""
        row = self._connection.execute(sa.select(table).where(table.c.org == org, table.c.name == name)).one_or_none()
        return None if row is None else ReconcilerRecord(**row._mapping)

    def list(self, org: str) -> tuple[ReconcilerRecord, ...]:
        """By name."""
        rows = self._connection.execute(sa.select(table).where(table.c.org == org).order_by(table.c.name))
        return tuple(ReconcilerRecord(**row._mapping) for row in rows)

    def put(self, reconciler: ReconcilerRecord) -> None:
        """Keep a reconciler, in place of what was kept under its name."""
        values: dict[str, Any] = dataclasses.asdict(reconciler)
        statement = insert(table).values(values)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=[table.c.org, table.c.name], set_=values)
        )
