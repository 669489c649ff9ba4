"""Versions of resources in SQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from clawforge.state import StateEntry
from clawforge_server.store import tables
from clawforge_server.store.history_port import ResourceVersion


class SqlHistory:
    """Implements `store.history_port.History`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def versions(self, org: str, address: str, below: int, limit: int) -> tuple[ResourceVersion, ...]:
        """Those of one resource below a revision, newest first."""
        table = tables.resource_history
        rows = self._connection.execute(
            sa.select(table.c.revision, table.c.source, table.c.body, table.c.digest)
            .where(table.c.org == org, table.c.address == address, table.c.revision < below)
            .order_by(table.c.revision.desc())
            .limit(limit)
        )
        return tuple(ResourceVersion(revision, _entry(source, body, digest)) for revision, source, body, digest in rows)

    def between(self, org: str, low: int, high: int) -> dict[str, tuple[StateEntry | None, StateEntry | None]]:
        """What revisions above `low` up to `high` wrote or deleted: as it was at `low`, and at `high`; by address."""
        history = tables.resource_history
        # Materialised, for SQLite would else read all of the org's history in the order of addresses.
        written = (
            sa.select(history.c.address)
            .where(history.c.org == org, history.c.revision > low, history.c.revision <= high)
            .cte("written")
            .prefix_with("MATERIALIZED")
        )
        changed = sa.select(written.c.address).distinct().subquery()
        old, new = history.alias("old"), history.alias("new")
        rows = self._connection.execute(
            sa.select(changed.c.address, old.c.source, old.c.body, old.c.digest, new.c.source, new.c.body, new.c.digest)
            .select_from(changed)
            .outerjoin(old, _is_latest(org, changed, old, low))
            .outerjoin(new, _is_latest(org, changed, new, high))
            .order_by(changed.c.address)
        )
        return {row[0]: (_entry(*row[1:4]), _entry(*row[4:7])) for row in rows}


def _is_latest(org: str, changed: sa.Subquery, version: sa.FromClause, upto: int) -> sa.ColumnElement[bool]:
    """The version of a changed resource that stood at a revision."""
    past = tables.resource_history.alias()
    latest = (
        sa.select(sa.func.max(past.c.revision))
        .where(past.c.org == org, past.c.address == changed.c.address, past.c.revision <= upto)
        .correlate(changed)
        .scalar_subquery()
    )
    return (version.c.org == org) & (version.c.address == changed.c.address) & (version.c.revision == latest)


def _entry(source: Any, body: Any, digest: Any) -> StateEntry | None:
    return None if body is None else StateEntry(source, body, digest)
