"""What agents say of their host: since when it runs, how it ended before, and how its channels do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0013"
down_revision = "r0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody said anything yet."""
    op.add_column("instances", sa.Column("started_at", sa.BigInteger(), nullable=True))
    op.add_column("instances", sa.Column("last_exit", sa.String(length=200), nullable=True))
    op.add_column("instances", sa.Column("crashes", sa.Integer(), nullable=True))
    op.add_column("instances", sa.Column("channels", sa.Text(), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Going back is not possible."""
