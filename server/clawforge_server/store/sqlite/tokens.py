"""API tokens in SQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.records import TokenRecord

_OWNER = "owner"


class SqlTokens:
    """Implements `store.port.Tokens`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, sha256: str) -> TokenRecord | None:
        """The token with this hash, whatever its org: this is how a caller is recognised."""
        table = tables.tokens
        row = self._connection.execute(sa.select(table).where(table.c.sha256 == sha256)).one_or_none()
        return None if row is None else _token(row)

    def add(self, token: TokenRecord) -> None:
        """Keep a token."""
        self._connection.execute(
            sa.insert(tables.tokens).values(
                id=token.id,
                org=token.org,
                kind=token.kind,
                sha256=token.sha256,
                name=token.name,
                permissions=orjson.dumps(token.permissions).decode(),
                created_at=token.created_at,
                created_by=token.created_by,
                expires_at=token.expires_at,
                revoked_at=token.revoked_at,
            )
        )

    def has_owner(self) -> bool:
        """Whether an owner's token was ever made."""
        table = tables.tokens
        found = self._connection.execute(sa.select(table.c.id).where(table.c.org.is_(None), table.c.kind == _OWNER))
        return found.first() is not None

    def list(self, org: str) -> tuple[TokenRecord, ...]:
        """The org's tokens, oldest first, revoked ones included."""
        table = tables.tokens
        rows = self._connection.execute(
            sa.select(table).where(table.c.org == org).order_by(table.c.created_at, table.c.id)
        )
        return tuple(_token(row) for row in rows)

    def revoke(self, org: str, token_id: str, at: dt.datetime) -> bool:
        """False when the org has no such valid token."""
        table = tables.tokens
        done = self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.id == token_id, table.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        return done.rowcount == 1


def _token(row: Any) -> TokenRecord:
    return TokenRecord(**{**row._mapping, "permissions": tuple(orjson.loads(row.permissions))})
