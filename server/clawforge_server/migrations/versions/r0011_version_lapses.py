"""Version lapses: since when which component of an instance is out of range."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0011"
down_revision = "r0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has looked yet; whoever is out of range is seen at the first look."""
    op.create_table(
        "version_lapses",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=False),
        sa.Column("component", sa.String(length=16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org", "instance"],
            ["instances.org", "instances.name"],
            ondelete="CASCADE",
            name=op.f("fk_version_lapses_instance"),
        ),
        sa.PrimaryKeyConstraint("org", "instance", "component", name=op.f("pk_version_lapses")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Going back is not possible."""
