"""Orgs and keys in SQL."""

from __future__ import annotations

import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.records import KeyRecord, OrgRecord


class SqlOrgs:
    """Implements `store.port.Orgs`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str) -> OrgRecord | None:
        """The org, if it exists."""
        row = self._connection.execute(sa.select(tables.orgs).where(tables.orgs.c.name == org)).one_or_none()
        return None if row is None else OrgRecord(**row._mapping)

    def create(self, record: OrgRecord) -> None:
        """Add an org that does not exist."""
        self._connection.execute(sa.insert(tables.orgs).values(name=record.name, **_counters(record)))

    def update(self, record: OrgRecord) -> None:
        """Write the counters and the state digest of an existing org."""
        self._connection.execute(
            sa.update(tables.orgs).where(tables.orgs.c.name == record.name).values(**_counters(record))
        )

    def keys(self, org: str) -> tuple[KeyRecord, ...]:
        """All keys, retired ones included, oldest first."""
        keys = tables.keys
        columns = [column for column in keys.c if column.name != "org"]
        rows = self._connection.execute(
            sa.select(*columns).where(keys.c.org == org).order_by(keys.c.created_at, keys.c.keyid)
        )
        return tuple(KeyRecord(**row._mapping) for row in rows)

    def add_key(self, org: str, key: KeyRecord) -> None:
        """Add a key."""
        self._connection.execute(
            sa.insert(tables.keys).values(
                org=org,
                keyid=key.keyid,
                role=key.role,
                epoch=key.epoch,
                public=key.public,
                private=key.private,
                created_at=key.created_at,
                retired_at=key.retired_at,
            )
        )


def _counters(record: OrgRecord) -> dict[str, object]:
    return {
        "created_at": record.created_at,
        "revision": record.revision,
        "serial": record.serial,
        "epoch": record.epoch,
        "horizon_day": record.horizon_day,
        "state_digest": record.state_digest,
    }
