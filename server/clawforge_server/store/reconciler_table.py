"""The table of reconcilers; a part of `store.tables`."""

from __future__ import annotations

import sqlalchemy as sa

from clawforge_server.store.tables import Moment, metadata

reconcilers = sa.Table(
    "reconcilers",
    metadata,
    sa.Column("org", sa.String(63), sa.ForeignKey("orgs.name"), primary_key=True),
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("source", sa.String(63), nullable=False),
    sa.Column("repository", sa.String(1024), nullable=False),
    sa.Column("branch", sa.String(1024), nullable=False),
    sa.Column("path", sa.String(1024), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("taken_at", Moment, nullable=False),
    sa.Column("principal", sa.String(256), nullable=False),
    sa.Column("holder", sa.String(64)),
    sa.Column("last_commit", sa.String(64)),
    sa.Column("last_revision", sa.BigInteger),
    sa.Column("suspended_at", Moment),
    sa.Column("suspended_by", sa.String(256)),
    sa.Column("suspended_reason", sa.Text),
    sa.Column("wanted", sa.BigInteger, nullable=False),
    sa.Column("acknowledged", sa.String(64)),
    sa.Column("seen", sa.String(64)),
    sa.Column("conditions", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("reported_at", Moment),
    sa.Column("forgotten_at", Moment),
)
