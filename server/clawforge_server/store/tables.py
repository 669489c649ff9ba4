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


def moment(value: int) -> dt.datetime:
    """The moment of a stored number. Raises OverflowError or TypeError for one that no moment has."""
    return _EPOCH + value * _MICROSECOND


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
    sa.Index("ix_resource_history_revision", "org", "revision"),
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
    sa.Column("author", sa.String(256), nullable=False),
    # What a judgement refers to, so that the database itself knows whose plan it is.
    sa.Index("ux_plans_author", "org", "id", "author", unique=True),
)

# Nobody judges their own plan: the author is the plan's by the reference, and differs from the reviewer by the check.
judgements = sa.Table(
    "judgements",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("plan", sa.String(64), primary_key=True),
    sa.Column("reviewer", sa.String(256), primary_key=True),
    sa.Column("author", sa.String(256), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("credential", sa.String(256), nullable=False),
    sa.Column("meaning", sa.String(71), nullable=False, server_default=""),
    sa.Index("ix_judgements_digest", "org", "digest", "meaning"),
    sa.CheckConstraint("reviewer <> author", name="ck_judgements_not_one_s_own"),
    sa.CheckConstraint("verdict IN ('approved', 'rejected')", name="ck_judgements_verdict"),
    sa.ForeignKeyConstraint(
        ["org", "plan", "author"],
        ["plans.org", "plans.id", "plans.author"],
        ondelete="CASCADE",
        name="fk_judgements_plan",
    ),
)


# The log may begin before its org exists: refusals come first, and the first apply creates the org.
def _log() -> sa.Column[str]:
    return sa.Column("org", sa.String(63), primary_key=True)


def _place(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


audit_leaves = sa.Table(
    "audit_leaves",
    metadata,
    _log(),
    _place("seq"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("class", sa.String(63), nullable=False),
    sa.Column("actor", sa.String(256), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("target", sa.String(256)),
    sa.Column("revision", sa.BigInteger),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("leaf", sa.LargeBinary, nullable=False),
    sa.Index("ix_audit_leaves_actor", "org", "actor", "seq"),
    sa.Index("ix_audit_leaves_action", "org", "action", "seq"),
    sa.Index("ix_audit_leaves_target", "org", "target", "seq"),
    sa.Index("ix_audit_leaves_class", "org", "class", "seq"),
    sa.Index("ix_audit_leaves_outcome", "org", "outcome", "seq"),
    sqlite_with_rowid=False,
)

# Payloads stand together by class, some dozens in a row and packed, so that a purge deletes ranges of few rows.
audit_payloads = sa.Table(
    "audit_payloads",
    metadata,
    _log(),
    sa.Column("class", sa.String(63), primary_key=True),
    _place("first"),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

audit_nodes = sa.Table(
    "audit_nodes",
    metadata,
    _log(),
    _place("level"),
    _place("number"),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Column("earliest", Moment),
    sa.Column("latest", Moment),
    sqlite_with_rowid=False,
)

audit_heads = sa.Table(
    "audit_heads",
    metadata,
    _log(),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("frontier", sa.LargeBinary, nullable=False),
    sa.Column("stamp", sa.LargeBinary, nullable=False),
)

audit_checkpoints = sa.Table(
    "audit_checkpoints",
    metadata,
    _log(),
    _place("size"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

# What each instance has sent: the highest number, the ranges that are missing below it, and a short digest of each
# event, by which one that comes again is known.
audit_streams = sa.Table(
    "audit_streams",
    metadata,
    _log(),
    sa.Column("instance", sa.String(256), primary_key=True),
    sa.Column("highest", sa.BigInteger, nullable=False),
    sa.Column("missing", sa.Text, nullable=False),
)

audit_receipts = sa.Table(
    "audit_receipts",
    metadata,
    _log(),
    sa.Column("instance", sa.String(256), primary_key=True),
    _place("first"),
    sa.Column("digests", sa.LargeBinary, nullable=False),
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
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(256), nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
    sa.Column("holder", sa.String(256), nullable=False),
    sa.Column("parent", sa.String(64)),
    sa.Column("networks", sa.Text, nullable=False),
    sa.Index("ix_tokens_parent", "org", "parent"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    _org(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("holder", sa.String(256), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("claims", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("access_sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("access_expires_at", Moment, nullable=False),
    sa.Column("refresh_sha256", sa.String(64), unique=True),
    sa.Column("refreshed_at", Moment),
    sa.Column("ended_at", Moment),
    sa.Column("ended_by", sa.String(256)),
    sa.Column("instance", sa.String(256)),
    sa.Index("ix_sessions_org_holder", "org", "holder"),
)

# Events that old plugins reported lately: they send their whole buffer again when an answer was lost.
plugin_receipts = sa.Table(
    "plugin_receipts",
    metadata,
    _org(),
    sa.Column("reporter", sa.String(256), primary_key=True),
    sa.Column("digest", sa.LargeBinary(16), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_plugin_receipts_at", "org", "reporter", "at"),
)

# Refresh tokens that were used: one that comes again is a stolen one, or its successor is.
used_refreshes = sa.Table(
    "used_refreshes",
    metadata,
    _org(),
    sa.Column("sha256", sa.String(64), primary_key=True, unique=True),
    sa.Column("session", sa.String(64), nullable=False),
    sa.Index("ix_used_refreshes_session", "org", "session"),
)

# Grows with everything that ends a credential: what other replicas look at before they trust their memory.
revocations = sa.Table(
    "revocations",
    metadata,
    _org(),
    sa.Column("number", sa.BigInteger, nullable=False),
)

suspensions = sa.Table(
    "suspensions",
    metadata,
    _org(),
    sa.Column("user", sa.String(256), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.String(256), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
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
    sa.Column("template", sa.String(63)),
    sa.Column("require_approval", sa.Boolean, nullable=False, server_default=sa.false()),
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
    sa.Column("next_sha256", sa.String(64)),
    sa.Column("next_until", Moment),
    sa.Column("rotated_at", Moment),
    sa.Column("pending_until", Moment),
    sa.Column("approved_at", Moment),
    sa.Column("approved_by", sa.String(256)),
    sa.Column("reason", sa.Text),
    sa.Column("started_at", Moment),
    sa.Column("last_exit", sa.String(200)),
    sa.Column("crashes", sa.Integer),
    sa.Column("channels", sa.Text, nullable=False, server_default="{}"),
    sa.Column("protocol", sa.String(16), nullable=False, server_default="agent"),
    sa.Index("ux_instances_next_sha256", "next_sha256", unique=True),
)

# What the people at machines are told, and which machines said that they were.
fleet_messages = sa.Table(
    "fleet_messages",
    metadata,
    _org(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("sender", sa.String(256), nullable=False),
    sa.Column("sent_at", Moment, nullable=False),
    sa.Column("until", Moment, nullable=False),
)

fleet_deliveries = sa.Table(
    "fleet_deliveries",
    metadata,
    _org(),
    sa.Column("instance", sa.String(256), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("told_at", Moment),
)

# Instances that are shut in because of an invariant, and those that somebody released from it.
quarantines = sa.Table(
    "quarantines",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("instance", sa.String(256), primary_key=True),
    sa.Column("invariant", sa.String(128), primary_key=True),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("released_at", Moment),
    sa.Column("released_by", sa.String(256)),
    sa.Column("reason", sa.Text),
    sa.ForeignKeyConstraint(
        ["org", "instance"],
        ["instances.org", "instances.name"],
        ondelete="CASCADE",
        name="fk_quarantines_instance",
    ),
)

# Which bundles instances said that they enforce: one row a change.
acknowledgements = sa.Table(
    "acknowledgements",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("instance", sa.String(256), primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("digest", sa.String(71), nullable=False),
    sa.Column("revision", sa.BigInteger),
    sa.Column("serial", sa.BigInteger),
    sa.ForeignKeyConstraint(
        ["org", "instance"],
        ["instances.org", "instances.name"],
        ondelete="CASCADE",
        name="fk_acknowledgements_instance",
    ),
    sqlite_with_rowid=False,
)

# Components of instances that are out of range of some version target, and since when without a break.
version_lapses = sa.Table(
    "version_lapses",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("instance", sa.String(256), primary_key=True),
    sa.Column("component", sa.String(16), primary_key=True),
    sa.Column("since", Moment, nullable=False),
    sa.ForeignKeyConstraint(
        ["org", "instance"],
        ["instances.org", "instances.name"],
        ondelete="CASCADE",
        name="fk_version_lapses_instance",
    ),
    sqlite_with_rowid=False,
)

# Credentials of instances that were replaced: one that comes again was copied.
retired_credentials = sa.Table(
    "retired_credentials",
    metadata,
    _org(),
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("instance", sa.String(256), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("shown_at", Moment),
    sa.Index("ix_retired_credentials_sha256", "sha256"),
)

# An address of the org, and the subject of an issuer that first signed in with it: both have one partner.
identities = sa.Table(
    "identities",
    metadata,
    _org(),
    sa.Column("issuer", sa.String(512), primary_key=True),
    sa.Column("email", sa.String(320), primary_key=True),
    sa.Column("subject", sa.String(512), nullable=False),
    sa.Column("bound_at", Moment, nullable=False),
    sa.Index("ux_identities_subject", "org", "issuer", "subject", unique=True),
)

# Identity tokens that were used, until they would be refused anyway.
used_identity_tokens = sa.Table(
    "used_identity_tokens",
    metadata,
    _org(),
    sa.Column("mark", sa.String(64), primary_key=True),
    sa.Column("until", Moment, nullable=False),
    sa.Index("ix_used_identity_tokens_until", "org", "until"),
)

passwords = sa.Table(
    "passwords",
    metadata,
    _org(),
    sa.Column("email", sa.String(320), primary_key=True),
    sa.Column("hash", sa.String(256), nullable=False),
    sa.Column("set_at", Moment, nullable=False),
)

password_resets = sa.Table(
    "password_resets",
    metadata,
    _org(),
    sa.Column("email", sa.String(320), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(256), nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)
