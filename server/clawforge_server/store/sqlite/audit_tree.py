"""The Merkle tree over the audit log in SQL.

Kept are the hashes of the leaves, the roots of complete subtrees of 256, 65,536 and so on leaves, and the head. So a
proof in a log of millions reads some thousand hashes, and an append writes little more than its records.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from clawforge.ledger.merkle import HASH_BYTES, Frontier, Node, frontier_of, node_hash, split_point
from clawforge.ledger.verification import NODE_LEVELS, StoredNode
from clawforge_server.sealing import Seal
from clawforge_server.store import tables
from clawforge_server.store.audit_records import CheckpointRecord


class SqlAuditTree:
    """Implements `store.audit_port.AuditTree`. `seen` is how long this process knows each org's log to be."""

    def __init__(self, connection: sa.Connection, seal: Seal, seen: Mapping[str, int]) -> None:
        self._connection = connection
        self._seal = seal
        self._seen = seen

    def head(self, org: str) -> Frontier:
        """The tree as it is.

        Raises LookupError for a head that this server did not write, or that it wrote before the present one: nothing
        may be added to what somebody else put at the end of the log.
        """
        table = tables.audit_heads
        row = self._connection.execute(
            sa.select(table.c.size, table.c.frontier, table.c.stamp).where(table.c.org == org)
        ).one_or_none()
        seen = self._seen.get(org, 0)
        if row is None and not seen:
            return Frontier()
        if row is None or not isinstance(row.size, int) or row.size < seen:
            raise LookupError(f"it had {seen} records, and has {0 if row is None else row.size}")
        try:
            found = Frontier.decoded(row.size, bytes(row.frontier))
            genuine = hmac.compare_digest(self._stamp(org, found), bytes(row.stamp))
        except (TypeError, ValueError) as error:
            raise LookupError(f"the head of the log does not hold together: {error}") from error
        if not genuine:
            raise LookupError("the head of the log is not one that this server wrote")
        return found

    def grow(self, org: str, before: Frontier, after: Frontier, nodes: Sequence[Node]) -> None:
        """Write the new head, and subtrees that are complete now. Their leaves must have been written."""
        table = tables.audit_heads
        values = {"size": after.size, "frontier": after.encoded(), "stamp": self._stamp(org, after)}
        if before.size:
            self._connection.execute(sa.update(table).where(table.c.org == org).values(**values))
        else:
            self._connection.execute(sa.insert(table).values(org=org, **values))
        if nodes:
            self._connection.execute(sa.insert(tables.audit_nodes), [self._node_row(org, node) for node in nodes])

    def leaf(self, org: str, seq: int) -> bytes | None:
        """The hash of one record."""
        table = tables.audit_leaves
        return self._connection.execute(
            sa.select(table.c.leaf).where(table.c.org == org, table.c.seq == seq)
        ).scalar_one_or_none()

    def range_hash(self, org: str, low: int, high: int) -> bytes:
        """The root of records `low + 1` to `high`. Raises LookupError when something of it is missing."""
        size = high - low
        if size & (size - 1) == 0 and size and low % size == 0:
            return self._complete(org, size.bit_length() - 1, low // size)
        if not size:
            return frontier_of(()).root
        middle = low + split_point(size)
        return node_hash(self.range_hash(org, low, middle), self.range_hash(org, middle, high))

    def nodes(self, org: str, after: int, upto: int) -> tuple[StoredNode, ...]:
        """The inner nodes that are kept whose last record lies above `after` and not above `upto`."""
        table = tables.audit_nodes
        found: list[StoredNode] = []
        levels = self._connection.execute(
            sa.select(table.c.level).where(table.c.org == org).distinct().order_by(table.c.level)
        ).scalars()
        for level in levels.all():
            span = 1 << min(level, 62)
            rows = self._connection.execute(
                sa.select(
                    table.c.level,
                    table.c.number,
                    table.c.hash,
                    sa.type_coerce(table.c.earliest, sa.BigInteger).label("earliest"),
                    sa.type_coerce(table.c.latest, sa.BigInteger).label("latest"),
                )
                .where(
                    table.c.org == org,
                    table.c.level == level,
                    table.c.number >= after // span,
                    table.c.number < max(upto // span, 0),
                )
                .order_by(table.c.number)
            )
            found += [_node(row) for row in rows]
        return tuple(found)

    def checkpoints(self, org: str) -> tuple[CheckpointRecord, ...]:
        """All of them, oldest first."""
        table = tables.audit_checkpoints
        rows = self._connection.execute(_checkpoint_columns().where(table.c.org == org).order_by(table.c.size))
        return tuple(_checkpoint(row) for row in rows)

    def latest_checkpoint(self, org: str) -> CheckpointRecord | None:
        """The one of the longest log."""
        table = tables.audit_checkpoints
        row = self._connection.execute(
            _checkpoint_columns().where(table.c.org == org).order_by(table.c.size.desc()).limit(1)
        ).one_or_none()
        return None if row is None else _checkpoint(row)

    def add_checkpoint(self, org: str, checkpoint: CheckpointRecord) -> None:
        """Keep a checkpoint of a size that has none."""
        self._connection.execute(
            sa.insert(tables.audit_checkpoints).values(
                org=org, size=checkpoint.size, at=checkpoint.at, document=checkpoint.document
            )
        )

    def _stamp(self, org: str, tree: Frontier) -> bytes:
        return self._seal.stamp(f"audit-head\0{org}\0{tree.size}", tree.encoded())

    def _node_row(self, org: str, node: Node) -> dict[str, object]:
        row: dict[str, object] = {"org": org, "level": node.level, "number": node.index, "hash": node.hash}
        if node.level != NODE_LEVELS:
            return {**row, "earliest": None, "latest": None}
        leaves = tables.audit_leaves
        first = (node.index << node.level) + 1
        earliest, latest = self._connection.execute(
            sa.select(sa.func.min(leaves.c.at), sa.func.max(leaves.c.at)).where(
                leaves.c.org == org, leaves.c.seq.between(first, first + (1 << node.level) - 1)
            )
        ).one()
        return {**row, "earliest": earliest, "latest": latest}

    def _complete(self, org: str, level: int, index: int) -> bytes:
        """The root of a complete subtree, from the level below it that is kept."""
        kept = level - level % NODE_LEVELS
        first, count = index << (level - kept), 1 << (level - kept)
        if kept:
            table = tables.audit_nodes
            statement = sa.select(table.c.hash).where(table.c.level == kept)
            place: sa.Column[int] = table.c.number
        else:
            table = tables.audit_leaves
            statement = sa.select(table.c.leaf)
            place, first = table.c.seq, first + 1
        rows = self._connection.execute(
            statement.where(table.c.org == org, place.between(first, first + count - 1)).order_by(place)
        )
        hashes = rows.scalars().all()
        if len(hashes) != count:
            raise LookupError(f"{count - len(hashes)} hashes are missing from level {kept} of the log's tree")
        if not all(isinstance(item, bytes) and len(item) == HASH_BYTES for item in hashes):
            raise LookupError(f"level {kept} of the log's tree holds what is no hash")
        return frontier_of(hashes).root


def _node(row: Any) -> StoredNode:
    """The node; one that cannot be as it was written is shown without what cannot be read."""
    spans = [value if isinstance(value, int) else None for value in (row.earliest, row.latest)]
    found = "sha256:" + row.hash.hex() if isinstance(row.hash, bytes) else "(unreadable)"
    return StoredNode(level=row.level, index=row.number, hash=found, earliest=spans[0], latest=spans[1])


def _checkpoint_columns() -> sa.Select[Any]:
    table = tables.audit_checkpoints
    return sa.select(table.c.size, sa.type_coerce(table.c.at, sa.BigInteger).label("at"), table.c.document)


def _checkpoint(row: Any) -> CheckpointRecord:
    """The checkpoint; a moment that cannot be becomes the beginning of time, which no checkpoint has."""
    try:
        at = tables.moment(row.at)
    except (ArithmeticError, TypeError):
        at = tables.moment(0)
    return CheckpointRecord(row.size, at, str(row.document))
