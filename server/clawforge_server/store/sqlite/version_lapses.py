"""Components that are out of range, in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from clawforge.compliance.lapse import Lapses
from clawforge_server.store import tables


class SqlVersionLapses:
    """Implements `store.version_lapse_port.VersionLapses`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def list(self, org: str) -> dict[str, dict[str, dt.datetime]]:
        """By instance and component; instances that are in order are left out."""
        table = tables.version_lapses
        columns = (table.c.instance, table.c.component, table.c.since)
        found: dict[str, dict[str, dt.datetime]] = {}
        for instance, component, since in self._connection.execute(sa.select(*columns).where(table.c.org == org)):
            found.setdefault(instance, {})[component] = since
        return found

    def of(self, org: str, instance: str) -> dict[str, dt.datetime]:
        """Those of one instance."""
        table = tables.version_lapses
        own = (table.c.org == org, table.c.instance == instance)
        rows = self._connection.execute(sa.select(table.c.component, table.c.since).where(*own))
        return {row.component: row.since for row in rows}

    def put(self, org: str, changes: Iterable[tuple[str, Lapses]]) -> None:
        """What holds for these instances from now on, in place of what was kept about them."""
        table = tables.version_lapses
        changed = tuple(changes)
        if not changed:
            return
        gone = sa.delete(table).where(
            table.c.org == sa.bindparam("of_org"), table.c.instance == sa.bindparam("of_name")
        )
        self._connection.execute(gone, [{"of_org": org, "of_name": name} for name, _ in changed])
        rows = [
            {"org": org, "instance": name, "component": component, "since": since}
            for name, lapses in changed
            for component, since in lapses.items()
        ]
        if rows:
            self._connection.execute(sa.insert(table), rows)
