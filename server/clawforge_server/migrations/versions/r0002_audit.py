"""The audit ledger: leaves, payloads, tree nodes and heads, checkpoints, what instances sent.

Records of the log before are carried over in their order, and hashed.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import context, op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_AT_ONCE = 500


def upgrade() -> None:
    """Make the ledger, and fill it."""
    _create_log()
    _create_tree()
    _create_receipts()
    _carry_over(op.get_bind())
    op.drop_table("audit")


def downgrade() -> None:
    """Going back is not possible."""


def _create_log() -> None:
    op.create_table(
        "audit_leaves",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("class", sa.String(length=63), nullable=False),
        sa.Column("actor", sa.String(length=256), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=256), nullable=True),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", "seq", name=op.f("pk_audit_leaves")),
        sqlite_with_rowid=False,
    )
    for column in ("actor", "action", "target", "class", "outcome"):
        op.create_index(f"ix_audit_leaves_{column}", "audit_leaves", ["org", column, "seq"], unique=False)
    op.create_table(
        "audit_payloads",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("class", sa.String(length=63), nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", "class", "first", name=op.f("pk_audit_payloads")),
    )


def _create_tree() -> None:
    op.create_table(
        "audit_nodes",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("earliest", sa.BigInteger(), nullable=True),
        sa.Column("latest", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("org", "level", "number", name=op.f("pk_audit_nodes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_heads",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("stamp", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_checkpoints",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org", "size", name=op.f("pk_audit_checkpoints")),
    )


def _create_receipts() -> None:
    op.create_table(
        "audit_streams",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=False),
        sa.Column("highest", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org", "instance", name=op.f("pk_audit_streams")),
    )
    op.create_table(
        "audit_receipts",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", "instance", "first", name=op.f("pk_audit_receipts")),
    )


def _carry_over(connection: sa.Connection) -> None:
    # The ledger's own code writes the rows: a record that is carried over must verify like every other. Its tables are
    # the ones made above; a later change of them comes with a migration that brings older rows along.
    from clawforge_server.store.records import AuditEntry
    from clawforge_server.store.sqlite.audit import SqlAudit

    orgs = connection.execute(sa.text("SELECT DISTINCT org FROM audit ORDER BY org")).all()
    if not orgs:
        return
    ledger = SqlAudit(connection, context.config.attributes["seal"](), {}, {})
    for (org,) in orgs:
        last = 0
        while rows := _rows(connection, org, last):
            entries = [
                AuditEntry(
                    _EPOCH + dt.timedelta(microseconds=row.at),
                    row.actor,
                    row.action,
                    row.outcome,
                    orjson.loads(row.detail),
                )
                for row in rows
            ]
            ledger.append_all(org, entries)
            last = rows[-1].seq


def _rows(connection: sa.Connection, org: str, after: int) -> list[Any]:
    statement = sa.text("SELECT * FROM audit WHERE org = :org AND seq > :after ORDER BY seq LIMIT :most")
    return list(connection.execute(statement, {"org": org, "after": after, "most": _AT_ONCE}))
