"""Run by Alembic: migrates over the connection that `migrate.upgrade` was given.

That connection is inside a transaction of the caller, which Alembic then leaves alone: a migration that fails
leaves nothing behind.
"""

from __future__ import annotations

from alembic import context

from clawforge_server.store import overlay_table, rollout_table  # noqa: F401 - their tables belong to the metadata
from clawforge_server.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
