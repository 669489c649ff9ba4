"""Acknowledgements in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.acknowledgement_port import KEPT_ACKNOWLEDGEMENTS
from clawforge_server.store.records import AcknowledgementRecord


class SqlAcknowledgements:
    """Implements `store.acknowledgement_port.Acknowledgements`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add(self, changes: Sequence[AcknowledgementRecord]) -> None:
        """Keep these, in this order, of instances that exist; one that repeats the instance's last is left out."""
        if not changes:
            return
        rows = [
            {
                "of_org": change.org,
                "of_instance": change.instance,
                "seen": change.at,
                "held": change.digest,
                "made_for": change.revision,
                "counted": change.serial,
            }
            for change in changes
        ]
        self._connection.execute(_INSERT, rows)
        instances = dict.fromkeys((change.org, change.instance) for change in changes)
        self._connection.execute(_TRIM, [{"of_org": org, "of_instance": instance} for org, instance in instances])

    def page(
        self, org: str, instance: str, *, before: int | None, until: dt.datetime | None, limit: int
    ) -> tuple[AcknowledgementRecord, ...]:
        """Newest first, below a number, and no later than a moment."""
        table = tables.acknowledgements
        statement = sa.select(table).where(table.c.org == org, table.c.instance == instance)
        if before is not None:
            statement = statement.where(table.c.number < before)
        if until is not None:
            statement = statement.where(table.c.at <= until)
        rows = self._connection.execute(statement.order_by(table.c.number.desc()).limit(limit))
        return tuple(AcknowledgementRecord(**row._mapping) for row in rows)

    def newest(self, org: str, instances: Sequence[str]) -> dict[str, AcknowledgementRecord]:
        """The newest of each of these instances that has any, by instance."""
        table = tables.acknowledgements
        own = (table.c.org == org, table.c.instance.in_(instances))
        last = sa.select(table.c.instance, sa.func.max(table.c.number).label("number")).where(*own)
        newest = last.group_by(table.c.instance).subquery()
        same = sa.and_(table.c.instance == newest.c.instance, table.c.number == newest.c.number)
        rows = self._connection.execute(sa.select(table).join(newest, same).where(table.c.org == org))
        return {row.instance: AcknowledgementRecord(**row._mapping) for row in rows}


def _insert() -> sa.Insert:
    table, instances = tables.acknowledgements, tables.instances
    own = (table.c.org == sa.bindparam("of_org"), table.c.instance == sa.bindparam("of_instance"))
    newest = sa.select(sa.func.max(table.c.number)).where(*own).scalar_subquery()
    last = sa.select(table.c.digest).where(*own).order_by(table.c.number.desc()).limit(1).scalar_subquery()
    chosen = sa.select(
        instances.c.org,
        instances.c.name,
        sa.func.coalesce(newest, 0) + 1,
        sa.bindparam("seen", type_=tables.Moment),
        sa.bindparam("held", type_=sa.String),
        sa.bindparam("made_for", type_=sa.BigInteger),
        sa.bindparam("counted", type_=sa.BigInteger),
    ).where(
        instances.c.org == sa.bindparam("of_org"),
        instances.c.name == sa.bindparam("of_instance"),
        sa.func.coalesce(last, "") != sa.bindparam("held", type_=sa.String),
    )
    return sa.insert(table).from_select([column.name for column in table.c], chosen)


def _trim() -> sa.Delete:
    table = tables.acknowledgements
    other = table.alias()
    newest = (
        sa.select(sa.func.max(other.c.number))
        .where(other.c.org == sa.bindparam("of_org"), other.c.instance == sa.bindparam("of_instance"))
        .scalar_subquery()
    )
    return sa.delete(table).where(
        table.c.org == sa.bindparam("of_org"),
        table.c.instance == sa.bindparam("of_instance"),
        table.c.number <= newest - KEPT_ACKNOWLEDGEMENTS,
    )


_INSERT = _insert()
_TRIM = _trim()
