"""The table of overlays; a part of `store.tables`."""

from __future__ import annotations

import sqlalchemy as sa

from clawforge_server.store.tables import Moment, metadata

# `due_at` is when the server has something to do about it: its end, or a reminder. `held_grant` is by which grant it
# lifts or lifted, once it did.
overlays = sa.Table(
    "overlays",
    metadata,
    sa.Column("org", sa.String(63), sa.ForeignKey("orgs.name"), primary_key=True),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("scope", sa.String(300), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("ticket", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(256), nullable=False),
    sa.Column("starts_at", Moment),
    sa.Column("expires_at", Moment),
    sa.Column("remind_every", sa.Integer),
    sa.Column("reminded_at", Moment),
    sa.Column("ended_at", Moment),
    sa.Column("ended_by", sa.String(256)),
    sa.Column("end_reason", sa.Text),
    sa.Column("due_at", Moment),
    sa.Column("held_grant", sa.String(64)),
    sa.Index("ix_overlays_ended", "org", "ended_at"),
    sa.Index("ix_overlays_scope", "org", "scope"),
    sa.Index("ix_overlays_due", "due_at"),
    sa.Index("ix_overlays_held_grant", "org", "scope", "held_grant", "ended_at"),
)
