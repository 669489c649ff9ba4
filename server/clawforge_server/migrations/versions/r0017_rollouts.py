"""Rollouts: how far a revision has come, ring by ring."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0017"
down_revision = "r0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every revision so far reached everybody at once."""
    op.create_table(
        "rollouts",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("ring", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("started_by", sa.String(length=256), nullable=False),
        sa.Column("apart", sa.BigInteger(), nullable=False),
        sa.Column("usual", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("calls_before", sa.BigInteger(), nullable=True),
        sa.Column("denied_before", sa.BigInteger(), nullable=True),
        sa.Column("failing_before", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("denied", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=256), nullable=True),
        sa.Column("renamed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_rollouts_org")),
        sa.PrimaryKeyConstraint("org", "revision", name=op.f("pk_rollouts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_rollouts_state", "rollouts", ["state", "org"])


def downgrade() -> None:
    """Going back is not possible."""
