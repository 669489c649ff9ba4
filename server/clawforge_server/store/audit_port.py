"""What the audit ledger asks of a store. Every method names its org."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from clawforge.ledger.merkle import Frontier
from clawforge.ledger.verification import StoredNode
from clawforge_server.store.audit_records import AgentStream, AuditQuery, AuditSlice, CheckpointRecord, Held, Purged
from clawforge_server.store.records import AuditEntry


class Audit(Protocol):
    """The append-only log of an org."""

    def append(self, org: str, entry: AuditEntry) -> int:
        """The sequence number that the entry got."""

    def append_all(self, org: str, entries: Sequence[AuditEntry]) -> range:
        """The sequence numbers that the entries got, in their order."""

    def page(self, org: str, query: AuditQuery) -> AuditSlice:
        """Records that fit. A slice may hold fewer than the limit, even none, and still have a `next`."""

    def purge(self, org: str, event_class: str, before: dt.datetime, holds: Sequence[Held]) -> Purged:
        """Delete the payloads of a class that are older than `before` and that nothing holds.

        At most 1,000 ranges at once: what is left goes with the next call.
        """

    def classes(self, org: str) -> tuple[str, ...]:
        """The classes of which payloads are kept."""


class AuditTree(Protocol):
    """The Merkle tree over the log, and what was signed about it."""

    def head(self, org: str) -> Frontier:
        """The tree as it is."""

    def leaf(self, org: str, seq: int) -> bytes | None:
        """The hash of one record."""

    def range_hash(self, org: str, low: int, high: int) -> bytes:
        """The root of records `low + 1` to `high`, read from the log and not from the head.

        Raises LookupError when a record or an inner node is missing.
        """

    def nodes(self, org: str, after: int, upto: int) -> tuple[StoredNode, ...]:
        """The inner nodes that are kept whose last record lies above `after` and not above `upto`."""

    def checkpoints(self, org: str) -> tuple[CheckpointRecord, ...]:
        """All of them, oldest first."""

    def latest_checkpoint(self, org: str) -> CheckpointRecord | None:
        """The one of the longest log."""

    def add_checkpoint(self, org: str, checkpoint: CheckpointRecord) -> None:
        """Keep a checkpoint of a size that has none."""


class AgentStreams(Protocol):
    """What instances have sent of their own events."""

    def get(self, org: str, instance: str) -> AgentStream:
        """How far it has come."""

    def put(self, org: str, instance: str, stream: AgentStream) -> None:
        """Remember how far it has come."""

    def digests(self, org: str, instance: str, seqs: Sequence[int]) -> dict[int, bytes]:
        """Sequence number -> digest of those of these events that were stored."""

    def receive(self, org: str, instance: str, digests: Sequence[tuple[int, bytes]]) -> None:
        """Remember stored events, in the order of their numbers."""
