"""Enrolment: templates, the queue, rotation of credentials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them. Instances that exist need no approval."""
    op.add_column("enrollments", sa.Column("template", sa.String(length=63), nullable=True))
    op.add_column("enrollments", sa.Column("require_approval", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("instances", sa.Column("next_sha256", sa.String(length=64), nullable=True))
    op.add_column("instances", sa.Column("next_until", sa.BigInteger(), nullable=True))
    op.add_column("instances", sa.Column("rotated_at", sa.BigInteger(), nullable=True))
    op.add_column("instances", sa.Column("pending_until", sa.BigInteger(), nullable=True))
    op.add_column("instances", sa.Column("approved_at", sa.BigInteger(), nullable=True))
    op.add_column("instances", sa.Column("approved_by", sa.String(length=256), nullable=True))
    op.add_column("instances", sa.Column("reason", sa.Text(), nullable=True))
    op.create_index("ux_instances_next_sha256", "instances", ["next_sha256"], unique=True)
    op.create_table(
        "retired_credentials",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_retired_credentials_org")),
        sa.PrimaryKeyConstraint("org", "sha256", name=op.f("pk_retired_credentials")),
    )
    op.create_index("ix_retired_credentials_sha256", "retired_credentials", ["sha256"], unique=False)


def downgrade() -> None:
    """Going back is not possible."""
