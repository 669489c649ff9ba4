"""The audit log in SQL."""

from __future__ import annotations

import orjson
import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.records import AuditEntry, AuditRecord


class SqlAudit:
    """Implements `store.port.Audit`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def append(self, org: str, entry: AuditEntry) -> int:
        """The sequence number that the entry got."""
        table = tables.audit
        last = self._connection.execute(sa.select(sa.func.max(table.c.seq)).where(table.c.org == org)).scalar_one()
        seq = (last or 0) + 1
        self._connection.execute(
            sa.insert(table).values(
                org=org,
                seq=seq,
                at=entry.at,
                actor=entry.actor,
                action=entry.action,
                outcome=entry.outcome,
                detail=orjson.dumps(dict(entry.detail), option=orjson.OPT_SORT_KEYS).decode(),
            )
        )
        return seq

    def page(self, org: str, after: int, limit: int) -> tuple[AuditRecord, ...]:
        """Oldest first, above `after`."""
        table = tables.audit
        rows = self._connection.execute(
            sa.select(table).where(table.c.org == org, table.c.seq > after).order_by(table.c.seq).limit(limit)
        )
        return tuple(
            AuditRecord(row.seq, AuditEntry(row.at, row.actor, row.action, row.outcome, orjson.loads(row.detail)))
            for row in rows
        )
