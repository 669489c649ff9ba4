"""Instances in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.records import InstanceRecord, InstanceReport


class SqlInstances:
    """Implements `store.port.Instances`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, name: str) -> InstanceRecord | None:
        """One instance, revoked or not."""
        table = tables.instances
        row = self._connection.execute(sa.select(table).where(table.c.org == org, table.c.name == name)).one_or_none()
        return None if row is None else _instance(row)

    def find(self, sha256: str) -> InstanceRecord | None:
        """The instance whose credential has this hash, whatever its org."""
        table = tables.instances
        row = self._connection.execute(sa.select(table).where(table.c.sha256 == sha256)).one_or_none()
        return None if row is None else _instance(row)

    def add(self, instance: InstanceRecord) -> None:
        """Add an instance under an unused name."""
        self._connection.execute(
            sa.insert(tables.instances).values(
                org=instance.org,
                name=instance.name,
                sha256=instance.sha256,
                user=instance.user,
                groups=orjson.dumps(instance.groups).decode(),
                tags=orjson.dumps(dict(instance.tags)).decode(),
                hostname=instance.hostname,
                host=instance.host,
                versions=orjson.dumps(dict(instance.versions)).decode(),
                enrollment=instance.enrollment,
                enrolled_at=instance.enrolled_at,
                last_seen=instance.last_seen,
                acknowledged=instance.acknowledged,
                revoked_at=instance.revoked_at,
            )
        )

    def list(self, org: str) -> tuple[InstanceRecord, ...]:
        """By name, revoked ones included."""
        table = tables.instances
        rows = self._connection.execute(sa.select(table).where(table.c.org == org).order_by(table.c.name))
        return tuple(_instance(row) for row in rows)

    def revoke(self, org: str, name: str, at: dt.datetime) -> bool:
        """False when the org has no such active instance."""
        table = tables.instances
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.name == name, table.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        return done.rowcount == 1

    def report(self, reports: Sequence[InstanceReport]) -> None:
        """Write what instances said, many at once."""
        table = tables.instances
        statement = (
            sa.update(table)
            .where(table.c.org == sa.bindparam("of_org"), table.c.name == sa.bindparam("of_name"))
            .values(
                last_seen=sa.bindparam("seen", type_=tables.Moment),
                acknowledged=sa.func.coalesce(sa.bindparam("digest", type_=sa.String), table.c.acknowledged),
                versions=sa.func.coalesce(sa.bindparam("running", type_=sa.String), table.c.versions),
            )
        )
        rows = [
            {
                "of_org": report.org,
                "of_name": report.name,
                "seen": report.last_seen,
                "digest": report.acknowledged,
                "running": None if report.versions is None else orjson.dumps(dict(report.versions)).decode(),
            }
            for report in reports
        ]
        if rows:
            self._connection.execute(statement, rows)


def _instance(row: Any) -> InstanceRecord:
    lists = {
        "groups": tuple(orjson.loads(row.groups)),
        "tags": orjson.loads(row.tags),
        "versions": orjson.loads(row.versions),
    }
    return InstanceRecord(**{**row._mapping, **lists})
