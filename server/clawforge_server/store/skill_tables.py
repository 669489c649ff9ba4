"""The tables about skills, for every SQL store."""

from __future__ import annotations

import sqlalchemy as sa

from clawforge_server.store.tables import Moment, metadata

skill_submissions = sa.Table(
    "skill_submissions",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(128), nullable=False),
    sa.Column("version", sa.String(128)),
    sa.Column("digest", sa.String(71)),
    sa.Column("source", sa.String(512)),
    sa.Column("manifest", sa.Text, nullable=False),
    sa.Column("metadata", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("submitted_at", Moment, nullable=False),
    sa.Column("submitted_by", sa.String(300), nullable=False),
    sa.Column("instance", sa.String(256)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reviewed_at", Moment),
    sa.Column("reviewed_by", sa.String(300)),
    sa.Column("reason", sa.Text),
    sa.Index("ix_skill_submissions_state", "org", "state", "submitted_by"),
    sa.Index("ix_skill_submissions_at", "org", "submitted_at"),
)

# One row for each time that somebody stopped a skill by hand.
skill_revocations = sa.Table(
    "skill_revocations",
    metadata,
    sa.Column("org", sa.String(63), primary_key=True),
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("key", sa.String(128), nullable=False),
    sa.Column("version", sa.String(128)),
    sa.Column("digest", sa.String(71)),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("by", sa.String(300), nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("ended_by", sa.String(300)),
    sa.Column("end_reason", sa.Text),
    sa.Index("ix_skill_revocations_ended", "org", "ended_at"),
)
