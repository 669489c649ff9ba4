"""The first shape: orgs, keys, revisions, resources, plans, audit, tokens, enrolments, instances."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "audit",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=256), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("org", "seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "orgs",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("horizon_day", sa.Date(), nullable=False),
        sa.Column("state_digest", sa.String(length=71), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_orgs")),
    )
    op.create_table(
        "plans",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=256), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_plans")),
    )
    op.create_table(
        "enrollments",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=256), nullable=False),
        sa.Column("instance", sa.String(length=256), nullable=True),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=256), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("uses_left >= 0 AND uses_left <= uses", name="ck_enrollments_uses"),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_enrollments_org")),
        sa.PrimaryKeyConstraint("org", "id", name=op.f("pk_enrollments")),
        sa.UniqueConstraint("sha256", name=op.f("uq_enrollments_sha256")),
    )
    op.create_table(
        "instances",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=256), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("hostname", sa.String(length=256), nullable=False),
        sa.Column("host", sa.String(length=64), nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("enrollment", sa.String(length=64), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged", sa.String(length=71), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_instances_org")),
        sa.PrimaryKeyConstraint("org", "name", name=op.f("pk_instances")),
        sa.UniqueConstraint("sha256", name=op.f("uq_instances_sha256")),
    )
    op.create_table(
        "keys",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("keyid", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_keys_org")),
        sa.PrimaryKeyConstraint("org", "keyid", name=op.f("pk_keys")),
    )
    op.create_table(
        "positions",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("address", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_positions_org")),
        sa.PrimaryKeyConstraint("org", "address", name=op.f("pk_positions")),
    )
    op.create_index("ix_positions_org_source", "positions", ["org", "source"], unique=False)
    op.create_table(
        "resource_history",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("address", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=63), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(length=71), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_resource_history_org")),
        sa.PrimaryKeyConstraint("org", "address", "revision", name=op.f("pk_resource_history")),
    )
    op.create_table(
        "resources",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("address", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_resources_org")),
        sa.PrimaryKeyConstraint("org", "address", name=op.f("pk_resources")),
    )
    op.create_table(
        "revisions",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_revisions_org")),
        sa.PrimaryKeyConstraint("org", "number", name=op.f("pk_revisions")),
        sa.UniqueConstraint("org", "plan_id", name=op.f("uq_revisions_org")),
    )
    op.create_table(
        "source_commits",
        sa.Column("org", sa.String(length=63), nullable=False),
        sa.Column("source", sa.String(length=63), nullable=False),
        sa.Column("git_commit", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_source_commits_org")),
        sa.PrimaryKeyConstraint("org", "source", name=op.f("pk_source_commits")),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("org", sa.String(length=63), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=256), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["org"], ["orgs.name"], name=op.f("fk_tokens_org")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )
    op.create_index(op.f("ix_tokens_org"), "tokens", ["org"], unique=False)
