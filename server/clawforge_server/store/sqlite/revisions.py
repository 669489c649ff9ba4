"""Revisions in SQL."""

from __future__ import annotations

import sqlalchemy as sa

from clawforge.wire import Revision
from clawforge_server.store import tables


class SqlRevisions:
    """Implements `store.port.Revisions`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, number: int) -> Revision | None:
        """One revision."""
        table = tables.revisions
        document = self._connection.execute(
            sa.select(table.c.document).where(table.c.org == org, table.c.number == number)
        ).scalar_one_or_none()
        return None if document is None else Revision.model_validate_json(document)

    def add(self, org: str, revision: Revision) -> None:
        """Append; numbers count from 1 without gaps."""
        self._connection.execute(
            sa.insert(tables.revisions).values(
                org=org,
                number=revision.number,
                plan_id=revision.plan_id,
                document=revision.model_dump_json(by_alias=True),
            )
        )

    def page(self, org: str, before: int | None, limit: int) -> tuple[Revision, ...]:
        """Newest first, below `before`."""
        table = tables.revisions
        statement = sa.select(table.c.document).where(table.c.org == org)
        if before is not None:
            statement = statement.where(table.c.number < before)
        rows = self._connection.execute(statement.order_by(table.c.number.desc()).limit(limit))
        return tuple(Revision.model_validate_json(document) for document in rows.scalars())
