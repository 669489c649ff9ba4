"""Identity: holders and trees of tokens, sessions, suspensions, judgements on plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of identity. Tokens that exist were all the owner's, and stay what they are."""
    op.execute("ALTER TABLE tokens RENAME COLUMN permissions TO scopes")
    op.add_column("tokens", sa.Column("holder", sa.String(length=256), nullable=False, server_default="owner"))
    op.add_column("tokens", sa.Column("parent", sa.String(length=64), nullable=True))
    op.add_column("tokens", sa.Column("networks", sa.Text(), nullable=False, server_default="[]"))
    op.create_index("ix_tokens_parent", "tokens", ["org", "parent"], unique=False)
    op.add_column("plans", sa.Column("author", sa.String(length=256), nullable=False, server_default="owner"))
    op.create_index("ux_plans_author", "plans", ["org", "id", "author"], unique=True)
    _create_judgements()
    _create_sessions()
    op.create_table(
        "revocations",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_revocations_org")),
        sa.PrimaryKeyConstraint("org", name=op.f("pk_revocations")),
    )
    op.create_table(
        "suspensions",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("user", sa.String(length=256), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=256), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_suspensions_org")),
        sa.PrimaryKeyConstraint("org", "user", name=op.f("pk_suspensions")),
    )


def _create_judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("plan", sa.String(length=64), nullable=False),
        sa.Column("reviewer", sa.String(length=256), nullable=False),
        sa.Column("author", sa.String(length=256), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("credential", sa.String(length=256), nullable=False),
        sa.CheckConstraint("reviewer <> author", name="ck_judgements_not_one_s_own"),
        sa.CheckConstraint("verdict IN ('approved', 'rejected')", name="ck_judgements_verdict"),
        sa.ForeignKeyConstraint(
            ["org", "plan", "author"],
            ["plans.org", "plans.id", "plans.author"],
            name="fk_judgements_plan",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org", "plan", "reviewer", name=op.f("pk_judgements")),
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=256), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("claims", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("access_sha256", sa.String(length=64), nullable=False),
        sa.Column("access_expires_at", sa.BigInteger(), nullable=False),
        sa.Column("refresh_sha256", sa.String(length=64), nullable=True),
        sa.Column("refreshed_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=256), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_sessions_org")),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("access_sha256", name=op.f("uq_sessions_access_sha256")),
        sa.UniqueConstraint("refresh_sha256", name=op.f("uq_sessions_refresh_sha256")),
    )
    op.create_index("ix_sessions_org_holder", "sessions", ["org", "holder"], unique=False)
    op.create_table(
        "used_refreshes",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_used_refreshes_org")),
        sa.PrimaryKeyConstraint("org", "sha256", name=op.f("pk_used_refreshes")),
        sa.UniqueConstraint("sha256", name=op.f("uq_used_refreshes_sha256")),
    )
    op.create_index("ix_used_refreshes_session", "used_refreshes", ["org", "session"], unique=False)


def downgrade() -> None:
    """Going back is not possible."""
