"""The table of rollouts; a part of `store.tables`."""

from __future__ import annotations

import sqlalchemy as sa

from clawforge_server.store.tables import Moment, metadata

# One row a revision that was rolled out in rings. `rule`, `failing_before` and `renamed` are JSON documents.
rollouts = sa.Table(
    "rollouts",
    metadata,
    sa.Column("org", sa.String(63), sa.ForeignKey("orgs.name"), primary_key=True),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("ring", sa.Integer, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("started_by", sa.String(256), nullable=False),
    sa.Column("apart", sa.BigInteger, nullable=False),
    sa.Column("usual", sa.BigInteger, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("seen", sa.BigInteger, nullable=False),
    sa.Column("calls_before", sa.BigInteger),
    sa.Column("denied_before", sa.BigInteger),
    sa.Column("failing_before", sa.Text, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("denied", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended_at", Moment),
    sa.Column("ended_by", sa.String(256)),
    sa.Column("renamed", sa.Text, nullable=False),
    sa.Index("ix_rollouts_state", "state", "org"),
    sqlite_with_rowid=False,
)
