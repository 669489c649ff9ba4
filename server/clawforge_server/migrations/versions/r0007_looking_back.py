"""Looking back: which bundles instances said that they enforce, and what each revision changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Begin with nothing: when the present bundles were acknowledged first is not known."""
    op.create_table(
        "acknowledgements",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.Column("serial", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org", "instance"],
            ["instances.org", "instances.name"],
            name=op.f("fk_acknowledgements_instance"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org", "instance", "number", name=op.f("pk_acknowledgements")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_resource_history_revision", "resource_history", ["org", "revision"], unique=False)


def downgrade() -> None:
    """Going back is not possible."""
