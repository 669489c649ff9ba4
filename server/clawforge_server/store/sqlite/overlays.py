"""Overlays in SQL."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.overlay_table import overlays as table

_WORKED_OUT = ("due_at", "held_grant")


class SqlOverlays:
    """Implements `store.overlay_port.Overlays`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def open(self, org: str) -> tuple[OverlayRecord, ...]:
        """What was not ended, oldest first."""
        own = _select().where(table.c.org == org, table.c.ended_at.is_(None))
        return self._records(own.order_by(table.c.created_at, table.c.id))

    def get(self, org: str, overlay_id: str) -> OverlayRecord | None:
        """One of the org's, ended or not."""
        found = self._records(_select().where(table.c.org == org, table.c.id == overlay_id))
        return found[0] if found else None

    def put(self, overlay: OverlayRecord) -> None:
        """Keep an overlay, in place of what was kept under its id."""
        values: dict[str, Any] = {
            **dataclasses.asdict(overlay),
            "due_at": overlay.due_at,
            "held_grant": overlay.held_grant,
        }
        statement = insert(table).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=[table.c.org, table.c.id], set_=values))

    def ended(self, org: str, limit: int) -> tuple[OverlayRecord, ...]:
        """What ended, newest first."""
        own = _select().where(table.c.org == org, table.c.ended_at.is_not(None))
        return self._records(own.order_by(table.c.ended_at.desc(), table.c.id).limit(limit))

    def last_ended(self, org: str, scope: str, grant: str) -> dt.datetime | None:
        """When the newest of what once held for this scope by this grant ended; None if nothing did."""
        # Straight from an index: however long the history is, one entry of it is read.
        own = (table.c.org == org, table.c.scope == scope, table.c.held_grant == grant, table.c.ended_at.is_not(None))
        statement = sa.select(table.c.ended_at).where(*own).order_by(table.c.ended_at.desc()).limit(1)
        found: dt.datetime | None = self._connection.execute(statement).scalar()
        return found

    def due(self, now: dt.datetime) -> tuple[str, ...]:
        """The orgs in which something is to be ended or reminded of, by name."""
        statement = sa.select(table.c.org).where(table.c.due_at <= now).distinct().order_by(table.c.org)
        return tuple(self._connection.execute(statement).scalars())

    def _records(self, statement: sa.Select[Any]) -> tuple[OverlayRecord, ...]:
        return tuple(OverlayRecord(**row._mapping) for row in self._connection.execute(statement))


def _select() -> sa.Select[Any]:
    return sa.select(*(column for column in table.c if column.name not in _WORKED_OUT))
