"""Judgements are bound to what the change means, and are found again for another plan of the same change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0009"
down_revision = "r0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was judged before is bound to no meaning, so it counts for its own plan only."""
    op.add_column("judgements", sa.Column("meaning", sa.String(length=71), nullable=False, server_default=""))
    op.create_index("ix_judgements_digest", "judgements", ["org", "digest", "meaning"])


def downgrade() -> None:
    """Going back is not possible."""
