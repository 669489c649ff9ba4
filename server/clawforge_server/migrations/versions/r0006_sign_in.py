"""Signing in: foreign subjects, used identity tokens, passwords and codes to set them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of signing in."""
    _create(
        "identities",
        sa.Column("issuer", sa.String(length=512), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("subject", sa.String(length=512), nullable=False),
        sa.Column("bound_at", sa.BigInteger(), nullable=False),
        key=("issuer", "email"),
    )
    op.create_index("ux_identities_subject", "identities", ["org", "issuer", "subject"], unique=True)
    _create(
        "used_identity_tokens",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        key=("mark",),
    )
    op.create_index("ix_used_identity_tokens_until", "used_identity_tokens", ["org", "until"], unique=False)
    _create(
        "passwords",
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("hash", sa.String(length=256), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        key=("email",),
    )
    _create(
        "password_resets",
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=256), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("sha256", name=op.f("uq_password_resets_sha256")),
        key=("email",),
    )


def _create(table: str, *parts: sa.schema.SchemaItem, key: tuple[str, ...]) -> None:
    op.create_table(
        table,
        sa.Column("org", sa.String(length=63), nullable=False),
        *parts,
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f(f"fk_{table}_org")),
        sa.PrimaryKeyConstraint("org", *key, name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    """Going back is not possible."""
