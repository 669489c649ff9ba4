"""What is remembered of the reports of old plugins, in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import orjson
import sqlalchemy as sa

from clawforge_server.store import tables

_KNOWN = sa.text(
    "SELECT digest FROM plugin_receipts WHERE org = :org AND reporter = :reporter "
    "AND hex(digest) IN (SELECT value FROM json_each(:digests))"
)


class SqlPluginReceipts:
    """Implements `store.plugin_receipt_port.PluginReceipts`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def known(self, org: str, reporter: str, digests: Collection[bytes]) -> frozenset[bytes]:
        """Those of the digests that are remembered."""
        wanted = orjson.dumps([digest.hex().upper() for digest in digests]).decode()
        rows = self._connection.execute(_KNOWN, {"org": org, "reporter": reporter, "digests": wanted})
        return frozenset(row.digest for row in rows)

    def add(self, org: str, reporter: str, digests: Collection[bytes], at: dt.datetime) -> None:
        """Remember digests that are not."""
        if digests:
            rows = [{"org": org, "reporter": reporter, "digest": digest, "at": at} for digest in digests]
            self._connection.execute(sa.insert(tables.plugin_receipts), rows)

    def forget(self, org: str, reporter: str, before: dt.datetime) -> None:
        """What was remembered before a moment is forgotten."""
        table = tables.plugin_receipts
        own = (table.c.org == org, table.c.reporter == reporter)
        self._connection.execute(sa.delete(table).where(*own, table.c.at < before))
