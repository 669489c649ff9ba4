"""Suspensions, and the number that grows with everything that ends a credential, in SQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from clawforge_server.store import tables
from clawforge_server.store.records import SuspensionRecord


class SqlSuspensions:
    """Implements `store.port.Suspensions`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def list(self, org: str) -> tuple[SuspensionRecord, ...]:
        """By name."""
        table = tables.suspensions
        columns = [column for column in table.c if column.name != "org"]
        rows = self._connection.execute(sa.select(*columns).where(table.c.org == org).order_by(table.c.user))
        return tuple(SuspensionRecord(**row._mapping) for row in rows)

    def add(self, org: str, suspension: SuspensionRecord) -> bool:
        """False when the user is stopped already."""
        values = {
            "org": org,
            "user": suspension.user,
            "at": suspension.at,
            "by": suspension.by,
            "reason": suspension.reason,
        }
        done = self._connection.execute(insert(tables.suspensions).values(values).on_conflict_do_nothing())
        return done.rowcount == 1

    def lift(self, org: str, user: str) -> bool:
        """False when the user is not stopped by hand."""
        table = tables.suspensions
        done = self._connection.execute(sa.delete(table).where(table.c.org == org, table.c.user == user))
        return done.rowcount == 1


class SqlRevocations:
    """Implements `store.port.Revocations`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, org: str) -> None:
        """Something ended."""
        table = tables.revocations
        self._connection.execute(
            insert(table)
            .values(org=org, number=1)
            .on_conflict_do_update(index_elements=[table.c.org], set_={"number": table.c.number + 1})
        )

    def numbers(self) -> dict[str, int]:
        """By org; orgs in which nothing ended yet are left out."""
        return {row.org: row.number for row in self._connection.execute(sa.select(tables.revocations))}
