"""Sessions of old plugins belong to a machine, and what they reported lately is known again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0014"
down_revision = "r0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No session belongs to a plugin yet."""
    op.add_column("sessions", sa.Column("instance", sa.String(length=256), nullable=True))
    op.create_table(
        "plugin_receipts",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("reporter", sa.String(length=256), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_plugin_receipts_org")),
        sa.PrimaryKeyConstraint("org", "reporter", "digest", name=op.f("pk_plugin_receipts")),
    )
    op.create_index("ix_plugin_receipts_at", "plugin_receipts", ["org", "reporter", "at"])


def downgrade() -> None:
    """Going back is not possible."""
