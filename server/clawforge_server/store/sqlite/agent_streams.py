"""What instances have sent of their own events, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import sqlalchemy as sa

from clawforge_server.store import tables
from clawforge_server.store.audit_records import AgentStream

DIGEST_BYTES = 16
"""Enough to tell an agent's own events apart; the ledger itself holds whole hashes."""
_LONGEST_RUN = 10_000
_DIGESTS = sa.text(
    "SELECT wanted.value, (SELECT substr(digests, (wanted.value - first) * :bytes + 1, :bytes) FROM audit_receipts "
    "WHERE org = :org AND instance = :instance AND first <= wanted.value ORDER BY first DESC LIMIT 1) "
    "FROM json_each(:seqs) AS wanted"
)


class SqlAgentStreams:
    """Implements `store.audit_port.AgentStreams`. A row of receipts holds a run of consecutive numbers."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, org: str, instance: str) -> AgentStream:
        """How far it has come."""
        table = tables.audit_streams
        row = self._connection.execute(
            sa.select(table.c.highest, table.c.missing).where(table.c.org == org, table.c.instance == instance)
        ).one_or_none()
        if row is None:
            return AgentStream()
        return AgentStream(row.highest, tuple((first, last) for first, last in orjson.loads(row.missing)))

    def put(self, org: str, instance: str, stream: AgentStream) -> None:
        """Remember how far it has come."""
        table = tables.audit_streams
        values = {"highest": stream.highest, "missing": orjson.dumps(stream.missing).decode()}
        done = self._connection.execute(
            sa.update(table).where(table.c.org == org, table.c.instance == instance).values(**values)
        )
        if done.rowcount == 0:
            self._connection.execute(sa.insert(table).values(org=org, instance=instance, **values))

    def digests(self, org: str, instance: str, seqs: Sequence[int]) -> dict[int, bytes]:
        """Sequence number -> digest of those of these events that were stored."""
        # Runs do not overlap: only the nearest that begins before a number can hold it. What the instance sent besides
        # is not read, however much that is.
        values = {"org": org, "instance": instance, "seqs": orjson.dumps(list(seqs)).decode(), "bytes": DIGEST_BYTES}
        rows = self._connection.execute(_DIGESTS, values)
        return {seq: digest for seq, digest in rows if digest}

    def receive(self, org: str, instance: str, digests: Sequence[tuple[int, bytes]]) -> None:
        """Remember stored events, in the order of their numbers."""
        runs: list[tuple[int, list[bytes]]] = []
        for seq, digest in digests:
            if runs and seq == runs[-1][0] + len(runs[-1][1]) and len(runs[-1][1]) < _LONGEST_RUN:
                runs[-1][1].append(digest)
            else:
                runs.append((seq, [digest]))
        if runs:
            self._connection.execute(
                sa.insert(tables.audit_receipts),
                [{"org": org, "instance": instance, "first": first, "digests": b"".join(run)} for first, run in runs],
            )
