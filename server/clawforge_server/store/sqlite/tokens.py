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

    def get(self, org: str, token_id: str) -> TokenRecord | None:
        """One token of the org, valid or not."""
        table = tables.tokens
        row = self._connection.execute(sa.select(table).where(table.c.org == org, table.c.id == token_id)).one_or_none()
        return None if row is None else _token(row)

    def add(self, token: TokenRecord) -> None:
        """Keep a token."""
        lists = {"scopes": _json(token.scopes), "networks": _json(token.networks)}
        self._connection.execute(sa.insert(tables.tokens).values({**_columns(token), **lists}))

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

    def replace(self, org: str, token_id: str, successor: str, expires_at: dt.datetime) -> None:
        """The token ends at a moment, and is revoked with its successor from now on."""
        table = tables.tokens
        self._connection.execute(
            sa.update(table)
            .where(table.c.org == org, table.c.id == token_id)
            .values(parent=successor, expires_at=expires_at)
        )

    def tree(self, org: str, token_id: str) -> frozenset[str]:
        """The ids of a token and of everything that was made with it."""
        return frozenset(self._connection.execute(_tree(org, token_id)).scalars())

    def revoke(self, org: str, token_id: str, at: dt.datetime) -> tuple[str, ...]:
        """Revoke a token and everything that was made with it; the hashes of what was valid until now."""
        table = tables.tokens
        valid = (table.c.org == org, table.c.id.in_(_tree(org, token_id)), table.c.revoked_at.is_(None))
        found = tuple(self._connection.execute(sa.select(table.c.sha256).where(*valid)).scalars())
        self._connection.execute(sa.update(table).where(*valid).values(revoked_at=at))
        return found


def _tree(org: str, token_id: str) -> sa.Select[str]:
    table = tables.tokens
    tree = sa.select(sa.literal(token_id).label("id")).cte("tree", recursive=True)
    # `union` and not `union_all`: should the rows ever form a circle, this ends all the same.
    tree = tree.union(sa.select(table.c.id).where(table.c.org == org, table.c.parent == tree.c.id))
    return sa.select(tree.c.id)


def _columns(token: TokenRecord) -> dict[str, Any]:
    return {column.name: getattr(token, column.name) for column in tables.tokens.c}


def _json(items: tuple[str, ...]) -> str:
    return orjson.dumps(items).decode()


def _token(row: Any) -> TokenRecord:
    lists = {name: tuple(orjson.loads(row._mapping[name])) for name in ("scopes", "networks")}
    return TokenRecord(**{**row._mapping, **lists})
