"""Skills that were handed in for review, and those that were stopped by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0012"
down_revision = "r0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was handed in or stopped yet."""
    op.create_table(
        "skill_submissions",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=128), nullable=True),
        sa.Column("digest", sa.String(length=71), nullable=True),
        sa.Column("source", sa.String(length=512), nullable=True),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.Column("submitted_by", sa.String(length=300), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=300), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_skill_submissions")),
    )
    op.create_index("ix_skill_submissions_state", "skill_submissions", ["org", "state", "submitted_by"])
    op.create_index("ix_skill_submissions_at", "skill_submissions", ["org", "submitted_at"])
    op.create_table(
        "skill_revocations",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=128), nullable=True),
        sa.Column("digest", sa.String(length=71), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=300), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=300), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_skill_revocations")),
    )
    op.create_index("ix_skill_revocations_ended", "skill_revocations", ["org", "ended_at"])


def downgrade() -> None:
    """Going back is not possible."""
