"""Payloads of the audit log in SQL: packed by class, some dozens in a row.

A row holds the payloads of up to 64 records of one class that were written together: the numbers of the records on the
first line, then one canonical JSON document a line, all of it compressed. Rows of a class do not overlap.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from clawforge_server.store import tables

_MOST = 64
_LARGEST = 256 * 1024


@dataclass(slots=True)
class _Row:
    """A row that was read: its span, and its payloads by number; None if it is not as it was written."""

    first: int
    last: int
    payloads: dict[int, bytes] | None


@dataclass(slots=True)
class PayloadReader:
    """Finds payloads by class and number; keeps the row that it read last of each class. `given` counts bytes."""

    connection: sa.Connection
    org: str
    given: int = 0
    _rows: dict[str, _Row | None] = field(default_factory=dict)

    def read(self, event_class: str, seq: int) -> tuple[str, bytes]:
        """(`present`, payload), or (`absent` or `damaged`, nothing)."""
        row = self._rows.get(event_class)
        if row is None or not row.first <= seq <= row.last:
            row = self._rows[event_class] = self._find(event_class, seq)
        if row is None or seq > row.last:
            return "absent", b""
        if row.payloads is None or seq not in row.payloads:
            return "damaged", b""
        self.given += len(row.payloads[seq])
        return "present", row.payloads[seq]

    def _find(self, event_class: str, seq: int) -> _Row | None:
        table = tables.audit_payloads
        found = self.connection.execute(
            sa.select(table.c.first, table.c.last, table.c.records, table.c.body)
            .where(table.c.org == self.org, table.c["class"] == event_class, table.c.first <= seq)
            .order_by(table.c.first.desc())
            .limit(1)
        ).one_or_none()
        if found is None:
            return None
        first, last, records, body = found
        if not isinstance(last, int):
            return _Row(first, seq, None)
        payloads = _unpacked(body)
        whole = payloads is not None and (min(payloads), max(payloads), len(payloads)) == (first, last, records)
        # A row whose span was changed must not hide the records that it holds.
        return _Row(first, last, payloads if whole else None)


def packed_rows(org: str, event_class: str, payloads: Sequence[tuple[int, bytes]]) -> Iterator[dict[str, object]]:
    """The rows that hold these payloads, given in the order of their numbers."""
    part: list[tuple[int, bytes]] = []
    size = 0
    for seq, payload in payloads:
        if part and (len(part) == _MOST or size + len(payload) > _LARGEST):
            yield _row(org, event_class, part)
            part, size = [], 0
        part.append((seq, payload))
        size += len(payload)
    if part:
        yield _row(org, event_class, part)


def _row(org: str, event_class: str, part: Sequence[tuple[int, bytes]]) -> dict[str, object]:
    numbers = ",".join(str(seq) for seq, _ in part).encode()
    body = zlib.compress(b"\n".join([numbers, *(payload for _, payload in part)]), level=1)
    return {
        "org": org,
        "class": event_class,
        "first": part[0][0],
        "last": part[-1][0],
        "records": len(part),
        "body": body,
    }


def _unpacked(body: bytes) -> dict[int, bytes] | None:
    try:
        opened = zlib.decompressobj()
        numbers, *payloads = opened.decompress(body).split(b"\n")
        if not opened.eof or opened.unused_data:
            return None
        seqs = [int(number) for number in numbers.split(b",")]
        return dict(zip(seqs, payloads, strict=True)) or None
    except (zlib.error, TypeError, ValueError):
        return None
