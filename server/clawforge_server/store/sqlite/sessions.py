"""Sessions in SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.records import SessionRecord


class SqlSessions:
    """Implements `store.port.Sessions`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, sha256: str) -> SessionRecord | None:
        """The session whose present access token has this hash, whatever its org."""
        return self._one(tables.sessions.c.access_sha256 == sha256)

    def find_refresh(self, sha256: str) -> tuple[SessionRecord, bool] | None:
        """The session that a refresh token belongs or belonged to, and whether the token is still unused."""
        found = self._one(tables.sessions.c.refresh_sha256 == sha256)
        if found is not None:
            return found, True
        used = tables.used_refreshes
        row = self._connection.execute(sa.select(used).where(used.c.sha256 == sha256)).one_or_none()
        session = None if row is None else self.get(row.org, row.session)
        return None if session is None else (session, False)

    def get(self, org: str, session_id: str) -> SessionRecord | None:
        """One session."""
        return self._one(tables.sessions.c.org == org, tables.sessions.c.id == session_id)

    def add(self, session: SessionRecord) -> None:
        """Keep a session."""
        self._connection.execute(sa.insert(tables.sessions).values(_columns(session)))

    def list(self, org: str, holder: str | None = None) -> tuple[SessionRecord, ...]:
        """The org's sessions, or one holder's, oldest first, ended ones included."""
        table = tables.sessions
        chosen = sa.select(table).where(table.c.org == org).order_by(table.c.created_at, table.c.id)
        if holder is not None:
            chosen = chosen.where(table.c.holder == holder)
        return tuple(_session(row) for row in self._connection.execute(chosen))

    def rotate(self, session: SessionRecord, used: str) -> bool:
        """Write new tokens, and keep that the refresh token with the hash `used` was used; False if it was before."""
        table = tables.sessions
        done = self._connection.execute(
            sa.update(table)
            .where(
                table.c.org == session.org,
                table.c.id == session.id,
                table.c.refresh_sha256 == used,
                table.c.ended_at.is_(None),
            )
            .values(_columns(session))
        )
        if done.rowcount != 1:
            return False
        self._connection.execute(
            sa.insert(tables.used_refreshes).values(org=session.org, sha256=used, session=session.id)
        )
        return True

    def bind(self, org: str, session_id: str, instance: str) -> None:
        """The session is that of an old plugin on this machine from now on."""
        table = tables.sessions
        self._connection.execute(
            sa.update(table).where(table.c.org == org, table.c.id == session_id).values(instance=instance)
        )

    def end(self, org: str, session_id: str, at: dt.datetime, by: str) -> bool:
        """False when the org has no such session, or it has ended."""
        table = tables.sessions
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.id == session_id, table.c.ended_at.is_(None))
            .values(ended_at=at, ended_by=by)
        )
        return done.rowcount == 1

    def forget_ended(self, org: str, before: dt.datetime) -> None:
        """Drop sessions that ended, or expired, before a moment."""
        table, used = tables.sessions, tables.used_refreshes
        over = (table.c.org == org, sa.or_(table.c.ended_at < before, table.c.expires_at < before))
        old = sa.select(table.c.id).where(*over)
        self._connection.execute(sa.delete(used).where(used.c.org == org, used.c.session.in_(old)))
        self._connection.execute(sa.delete(table).where(*over))

    def _one(self, *conditions: sa.ColumnElement[bool]) -> SessionRecord | None:
        row = self._connection.execute(sa.select(tables.sessions).where(*conditions)).one_or_none()
        return None if row is None else _session(row)


def _columns(session: SessionRecord) -> dict[str, Any]:
    values = {column.name: getattr(session, column.name) for column in tables.sessions.c}
    return {**values, "claims": orjson.dumps(session.claims).decode()}


def _session(row: Any) -> SessionRecord:
    return SessionRecord(**{**row._mapping, "claims": tuple(orjson.loads(row.claims))})
