"""Reconcilers: whose lease it is, and what is known of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0015"
down_revision = "r0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None ever held a lease."""
    op.create_table(
        "reconcilers",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("repository", sa.String(length=1024), nullable=False),
        sa.Column("branch", sa.String(length=1024), nullable=False),
        sa.Column("path", sa.String(length=1024), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(length=256), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("last_commit", sa.String(length=64), nullable=True),
        sa.Column("last_revision", sa.BigInteger(), nullable=True),
        sa.Column("suspended_at", sa.BigInteger(), nullable=True),
        sa.Column("suspended_by", sa.String(length=256), nullable=True),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged", sa.String(length=64), nullable=True),
        sa.Column("seen", sa.String(length=64), nullable=True),
        sa.Column("conditions", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
        sa.Column("forgotten_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_reconcilers_org")),
        sa.PrimaryKeyConstraint("org", "name", name=op.f("pk_reconcilers")),
    )


def downgrade() -> None:
    """Going back is not possible."""
