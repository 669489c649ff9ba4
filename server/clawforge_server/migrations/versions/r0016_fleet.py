"""Machines that speak the protocol of the public plugin are known as such, and machines may be told something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0016"
down_revision = "r0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever has a session, or was made by a sign-in, is a plugin. Nobody was told anything yet."""
    op.add_column("instances", sa.Column("protocol", sa.String(length=16), nullable=False, server_default="agent"))
    op.execute(
        # No index of sessions leads to an instance: they are gone through once, and not for each instance.
        "UPDATE instances SET protocol = 'plugin' WHERE enrollment = 'sign-in' OR (org, name) IN "
        "(SELECT org, instance FROM sessions WHERE instance IS NOT NULL)"
    )
    op.create_table(
        "fleet_messages",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sender", sa.String(length=256), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_fleet_messages_org")),
        sa.PrimaryKeyConstraint("org", "number", name=op.f("pk_fleet_messages")),
    )
    op.create_table(
        "fleet_deliveries",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_fleet_deliveries_org")),
        sa.PrimaryKeyConstraint("org", "instance", "number", name=op.f("pk_fleet_deliveries")),
    )
    op.add_column("overlays", sa.Column("held_grant", sa.String(length=64), nullable=True))
    op.execute("UPDATE overlays SET held_grant = json_extract(body, '$.grant') WHERE starts_at IS NOT NULL")
    op.create_index("ix_overlays_held_grant", "overlays", ["org", "scope", "held_grant", "ended_at"])


def downgrade() -> None:
    """Going back is not possible."""
