"""Messages to the people at machines, in SQL."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.message_port import MessageRecord


class SqlFleetMessages:
    """Implements `store.message_port.FleetMessages`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def send(self, org: str, record: MessageRecord, instances: Collection[str]) -> None:
        """Keep a message under a new number, for these machines."""
        self._connection.execute(sa.insert(tables.fleet_messages).values(org=org, **dataclasses.asdict(record)))
        rows = [{"org": org, "number": record.number, "instance": name} for name in instances]
        self._connection.execute(sa.insert(tables.fleet_deliveries), rows)

    def last(self, org: str) -> int:
        """The number of the last message; 0 if there was none."""
        table = tables.fleet_messages
        found = self._connection.execute(sa.select(sa.func.max(table.c.number)).where(table.c.org == org)).scalar()
        return int(found or 0)

    def waiting(self, org: str, at: dt.datetime) -> tuple[tuple[str, MessageRecord], ...]:
        """Machine and message for everything that was not told yet and is not too old, by number."""
        table, sent = tables.fleet_messages, tables.fleet_deliveries
        fresh = {
            row.number: MessageRecord(row.number, row.text, row.sender, row.sent_at, row.until)
            for row in self._connection.execute(sa.select(table).where(table.c.org == org, table.c.until > at))
        }
        if not fresh:
            return ()
        rows = self._connection.execute(
            sa.select(sent.c.instance, sent.c.number)
            .where(sent.c.org == org, sent.c.told_at.is_(None), sent.c.number >= min(fresh))
            .order_by(sent.c.number, sent.c.instance)
        )
        return tuple((instance, fresh[number]) for instance, number in rows if number in fresh)

    def told(self, org: str, instance: str, number: int, at: dt.datetime) -> None:
        """A machine was told everything up to this number."""
        sent = tables.fleet_deliveries
        up_to = (sent.c.org == org, sent.c.instance == instance, sent.c.number <= number, sent.c.told_at.is_(None))
        self._connection.execute(sa.update(sent).where(*up_to).values(told_at=at))

    def let_go(self, org: str, at: dt.datetime) -> None:
        """Delete what is too old to be told, with who was told. The last message stays: numbers never begin again, for
        no agent shows one twice."""
        table, sent = tables.fleet_messages, tables.fleet_deliveries
        old = (table.c.org == org, table.c.until <= at, table.c.number < self.last(org))
        numbers = self._connection.execute(sa.select(table.c.number).where(*old)).scalars().all()
        if not numbers:
            return
        # By a statement and not by the numbers: there may be more of them than a statement may have parameters.
        told = sa.select(table.c.number).where(*old)
        self._connection.execute(sa.delete(sent).where(sent.c.org == org, sent.c.number.in_(told)))
        self._connection.execute(sa.delete(table).where(*old))
