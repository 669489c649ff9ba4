"""Resources, their history and their positions in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from clawforge.position import ResourcePosition
from clawforge.state import StateEntry
from clawforge_server.store import tables


class SqlResources:
    """Implements `store.port.Resources`."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def entries(self, org: str) -> dict[str, StateEntry]:
        """The present resources by address, sorted."""
        table = tables.resources
        rows = self._connection.execute(
            sa.select(table.c.address, table.c.source, table.c.body, table.c.digest)
            .where(table.c.org == org)
            .order_by(table.c.address)
        )
        return {address: StateEntry(source, body, digest) for address, source, body, digest in rows}

    def entries_at(self, org: str, revision: int) -> dict[str, StateEntry]:
        """The resources as they were at a revision."""
        history = tables.resource_history
        latest = (
            sa.select(history.c.address, sa.func.max(history.c.revision).label("revision"))
            .where(history.c.org == org, history.c.revision <= revision)
            .group_by(history.c.address)
            .subquery()
        )
        rows = self._connection.execute(
            sa.select(history.c.address, history.c.source, history.c.body, history.c.digest)
            .join(latest, (history.c.address == latest.c.address) & (history.c.revision == latest.c.revision))
            .where(history.c.org == org, history.c.body.is_not(None))
            .order_by(history.c.address)
        )
        return {address: StateEntry(source, body, digest) for address, source, body, digest in rows}

    def write(self, org: str, revision: int, upserts: Mapping[str, StateEntry], deletes: Iterable[str]) -> None:
        """Change the present state, and keep in the history that `revision` did so."""
        gone = list(deletes)
        written = [
            {
                "org": org,
                "address": address,
                "source": entry.source,
                "body": entry.body,
                "digest": entry.digest,
            }
            for address, entry in upserts.items()
        ]
        self._remove([*gone, *upserts], org)
        if written:
            self._connection.execute(sa.insert(tables.resources), written)
        past = [{**row, "revision": revision} for row in written]
        nothing = {"source": None, "body": None, "digest": None}
        past += [{"org": org, "address": address, "revision": revision, **nothing} for address in gone]
        if past:
            self._connection.execute(sa.insert(tables.resource_history), past)

    def _remove(self, addresses: list[str], org: str) -> None:
        if addresses:
            table = tables.resources
            statement = sa.delete(table).where(
                table.c.org == sa.bindparam("of_org"), table.c.address == sa.bindparam("of_address")
            )
            self._connection.execute(statement, [{"of_org": org, "of_address": address} for address in addresses])

    def before(self, org: str, revision: int) -> dict[str, StateEntry | None]:
        """What a revision wrote or deleted, as it was before: by address, None for what was not there."""
        changed, earlier, any_earlier = (tables.resource_history.alias() for _ in range(3))
        latest = (
            sa.select(sa.func.max(any_earlier.c.revision))
            .where(
                any_earlier.c.org == changed.c.org,
                any_earlier.c.address == changed.c.address,
                any_earlier.c.revision < changed.c.revision,
            )
            .correlate(changed)
            .scalar_subquery()
        )
        rows = self._connection.execute(
            sa.select(changed.c.address, earlier.c.source, earlier.c.body, earlier.c.digest)
            .select_from(changed)
            .outerjoin(
                earlier,
                (earlier.c.org == changed.c.org)
                & (earlier.c.address == changed.c.address)
                & (earlier.c.revision == latest),
            )
            .where(changed.c.org == org, changed.c.revision == revision)
            .order_by(changed.c.address)
        )
        return {
            address: None if body is None else StateEntry(source, body, digest)
            for address, source, body, digest in rows
        }

    def changed_since(self, org: str, revision: int) -> tuple[str, ...]:
        """Addresses that later revisions wrote or deleted, sorted."""
        history = tables.resource_history
        rows = self._connection.execute(
            sa.select(history.c.address)
            .where(history.c.org == org, history.c.revision > revision)
            .distinct()
            .order_by(history.c.address)
        )
        return tuple(rows.scalars())

    def positions(self, org: str) -> dict[str, ResourcePosition]:
        """By address."""
        table = tables.positions
        rows = self._connection.execute(
            sa.select(table.c.address, table.c.document).where(table.c.org == org).order_by(table.c.address)
        )
        return {address: ResourcePosition.model_validate_json(document) for address, document in rows}

    def place(self, org: str, source: str, positions: Mapping[str, ResourcePosition], commit: str | None) -> None:
        """Replace the positions of all resources of a source, and the commit it was last applied from."""
        table, commits = tables.positions, tables.source_commits
        self._connection.execute(sa.delete(table).where(table.c.org == org, table.c.source == source))
        rows = [
            {
                "org": org,
                "address": address,
                "source": source,
                "document": position.model_dump_json(by_alias=True),
            }
            for address, position in positions.items()
        ]
        if rows:
            # What was taken over from another source stands there already.
            self._connection.execute(sa.insert(table).prefix_with("OR REPLACE"), rows)
        self._connection.execute(sa.delete(commits).where(commits.c.org == org, commits.c.source == source))
        self._connection.execute(sa.insert(commits).values(org=org, source=source, git_commit=commit))
