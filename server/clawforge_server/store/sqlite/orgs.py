"""Orgs and keys in SQL."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from clawforge_server.sealing import Seal
from clawforge_server.store import tables
from clawforge_server.store.records import KeyRecord, OrgRecord


class SqlOrgs:
    """Implements `store.port.Orgs`."""

    def __init__(self, connection: sa.Connection, seal: Seal) -> None:
        self._connection = connection
        self._seal = seal

    def names(self) -> tuple[str, ...]:
        """Every org of this server, by name."""
        return tuple(self._connection.execute(sa.select(tables.orgs.c.name).order_by(tables.orgs.c.name)).scalars())

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
        """All keys, retired ones included, oldest first. Raises UnavailableError for one that does not open."""
        keys = tables.keys
        columns = [column for column in keys.c if column.name != "org"]
        rows = self._connection.execute(
            sa.select(*columns).where(keys.c.org == org).order_by(keys.c.created_at, keys.c.keyid)
        )
        return tuple(self._opened(org, KeyRecord(**row._mapping)) for row in rows)

    def add_key(self, org: str, key: KeyRecord) -> None:
        """Add a key; its private half is sealed first."""
        self._connection.execute(
            sa.insert(tables.keys).values(
                org=org,
                keyid=key.keyid,
                role=key.role,
                epoch=key.epoch,
                public=key.public,
                private=None if key.private is None else self._seal.close(org, key.keyid, key.private),
                created_at=key.created_at,
                retired_at=key.retired_at,
            )
        )

    def _opened(self, org: str, key: KeyRecord) -> KeyRecord:
        if key.private is None:
            return key
        return dataclasses.replace(key, private=self._seal.open(org, key.keyid, key.private))


def has_private_keys(connection: sa.Connection) -> bool:
    """Whether the database holds a private key."""
    keys = tables.keys
    return connection.execute(sa.select(keys.c.keyid).where(keys.c.private.is_not(None)).limit(1)).first() is not None


def _counters(record: OrgRecord) -> dict[str, object]:
    return {
        "created_at": record.created_at,
        "revision": record.revision,
        "serial": record.serial,
        "epoch": record.epoch,
        "horizon_day": record.horizon_day,
        "state_digest": record.state_digest,
    }
