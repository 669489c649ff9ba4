"""Private keys at rest: seal those that were written in the clear."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Seal every private key. Only this migration ever reads one in the clear: a row in the clear that appears later is
    refused, since whoever can write the database could have put it there."""
    keys = sa.table(
        "keys", sa.column("org", sa.String), sa.column("keyid", sa.String), sa.column("private", sa.LargeBinary)
    )
    connection = op.get_bind()
    rows = connection.execute(sa.select(keys).where(keys.c.private.is_not(None))).all()
    if not rows:
        return
    seal = context.config.attributes["seal"]()
    for row in rows:
        connection.execute(
            sa.update(keys)
            .where(keys.c.org == row.org, keys.c.keyid == row.keyid)
            .values(private=seal.close(row.org, row.keyid, row.private))
        )


def downgrade() -> None:
    """Going back is not possible."""
