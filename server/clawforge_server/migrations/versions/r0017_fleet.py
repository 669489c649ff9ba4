"""Machines that speak the protocol of the public plugin are known as such, and machines may be told something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0017"
down_revision = "r0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever has a session, or was made by a sign-in, is a plugin. Nobody was told anything yet."""
    op.add_column("instances", sa.Column("protocol", sa.String(length=16), nullable=False, server_default="agent"))
    op.execute(
        "UPDATE instances SET protocol = 'plugin' WHERE enrollment = 'sign-in' OR EXISTS "
        "(SELECT 1 FROM sessions WHERE sessions.org = instances.org AND sessions.instance = instances.name)"
    )


def downgrade() -> None:
    """Going back is not possible."""
