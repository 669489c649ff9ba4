"""The tables, for every SQL store. The org stands in every one of them; moments are microseconds since 1970.

A change here needs a migration; a test compares the two.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


class Moment(TypeDecorator[dt.datetime]):
    """An aware datetime as an integer: exact, ordered, and the same in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> int | None:
        """Microseconds since 1970."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> dt.datetime | None:
        """The moment, in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


def _org() -> sa.Column[str]:
    return sa.Column("org", sa.String(63), sa.ForeignKey("orgs.name"), primary_key=True)


orgs = sa.Table(
    "orgs",
    metadata,
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("serial", sa.BigInteger, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("horizon_day", sa.Date, nullable=False),
    sa.Column("state_digest", sa.String(71), nullable=False),
)

keys = sa.Table(
    "keys",
    metadata,
    _org(),
    sa.Column("keyid", sa.String(128), primary_key=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("private", sa.LargeBinary),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("retired_at", Moment),
)

revisions = sa.Table(
    "revisions",
    metadata,
    _org(),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("plan_id", sa.String(64), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.UniqueConstraint("org", "plan_id"),
)

resources = sa.Table(
    "resources",
    metadata,
    _org(),
    sa.Column("address", sa.String(128), primary_key=True),
    sa.Column("source", sa.String(63), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
)

resource_history = sa.Table(
    "resource_history",
    metadata,
    _org(),
    sa.Column("address", sa.String(128), primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("source", sa.String(63)),
    sa.Column("body", sa.LargeBinary),
    sa.Column("digest", sa.String(71)),
)

positions = sa.Table(
    "positions",
    metadata,
    _org(),
    sa.Column("address", sa.String(128), primary_key=True),
    sa.Column("source", sa.String(63), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Index("ix_positions_org_source", "org", "source"),
)

source_commits = sa.Table(
    "source_commits",
    metadata,
    _org(),
    sa.Column("source", sa.String(63), primary_key=True),
    sa.Column("git_commit", sa.String(64)),
)

# A plan may be made, and its refusal audited, before its org exists: the first apply creates the org.
plans = sa.Table(
    "plans",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("actor", sa.String(256), nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("result", sa.Text),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.String(256), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

# The org is null for the server's owner, so it cannot be a part of the key.
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("org", sa.String(63), sa.ForeignKey("orgs.name"), index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(63), nullable=False),
    sa.Column("permissions", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(256), nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
)

enrollments = sa.Table(
    "enrollments",
    metadata,
    _org(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("user", sa.String(256), nullable=False),
    sa.Column("instance", sa.String(256)),
    sa.Column("groups", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("uses", sa.Integer, nullable=False),
    sa.Column("uses_left", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(256), nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.CheckConstraint("uses_left >= 0 AND uses_left <= uses", name="ck_enrollments_uses"),
)

instances = sa.Table(
    "instances",
    metadata,
    _org(),
    sa.Column("name", sa.String(256), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("user", sa.String(256), nullable=False),
    sa.Column("groups", sa.Text, nullable=False),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("hostname", sa.String(256), nullable=False),
    sa.Column("host", sa.String(64), nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Column("enrollment", sa.String(64), nullable=False),
    sa.Column("enrolled_at", Moment, nullable=False),
    sa.Column("last_seen", Moment),
    sa.Column("acknowledged", sa.String(71)),
    sa.Column("revoked_at", Moment),
)
