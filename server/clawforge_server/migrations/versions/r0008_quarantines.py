"""Quarantines: instances that are shut in because of an invariant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody is shut in yet."""
    op.create_table(
        "quarantines",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=False),
        sa.Column("invariant", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.Column("released_by", sa.String(length=256), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org", "instance"],
            ["instances.org", "instances.name"],
            name=op.f("fk_quarantines_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org", "instance", "invariant", name=op.f("pk_quarantines")),
    )


def downgrade() -> None:
    """Going back is not possible."""
