"""Where in the log records of a time range can stand.

Every complete subtree of 256 records knows its earliest and latest moment, so a time range is found without an index on
moments, and exactly also where the server's clock jumped. The newest records, which fill no subtree yet, always count.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from clawforge.ledger.verification import NODE_LEVELS, microseconds
from clawforge_server.store.audit_records import AuditQuery

_FIRST_WINDOW = 65_536
_WIDER = 4

Span = tuple[int, int]
"""Numbers of records, both included."""


def windows(
    connection: sa.Connection, org: str, query: AuditQuery, low: int, high: int, *, wide: bool
) -> Iterator[Span]:
    """The spans in the order of the query; those that are not to be looked at as a whole, in widening parts."""
    width = _FIRST_WINDOW
    for begin, end in spans(connection, org, query, low, high):
        while begin <= end:
            if wide or end - begin < width:
                yield begin, end
                break
            part = (end - width + 1, end) if query.newest_first else (begin, begin + width - 1)
            yield part
            begin, end = (begin, part[0] - 1) if query.newest_first else (part[1] + 1, end)
            width *= _WIDER


def spans(connection: sa.Connection, org: str, query: AuditQuery, low: int, high: int) -> Iterator[Span]:
    """Between two numbers, where records of the query's time range can be, in the order of the query."""
    if low > high:
        return
    if query.since is None and query.until is None:
        yield low, high
        return
    tail = high >> NODE_LEVELS << NODE_LEVELS
    nodes = _Nodes(connection, org, query)
    if query.newest_first:
        if tail < high:
            yield max(low, tail + 1), high
        for begin, end in nodes.newest_first(tail >> NODE_LEVELS):
            if end < low:
                return
            yield max(low, begin), end
        return
    for begin, end in nodes.oldest_first((low - 1) >> NODE_LEVELS, tail >> NODE_LEVELS):
        yield max(low, begin), end
    if tail < high:
        yield max(low, tail + 1), high


class _Nodes:
    """Runs of neighbouring subtrees that touch the time range."""

    def __init__(self, connection: sa.Connection, org: str, query: AuditQuery) -> None:
        self._connection = connection
        # A moment that somebody took away must not hide the records.
        self._values: dict[str, object] = {"org": org, "level": NODE_LEVELS}
        touches = []
        if query.since is not None:
            touches.append("coalesce(latest >= :since, 1)")
            self._values["since"] = microseconds(query.since)
        if query.until is not None:
            touches.append("coalesce(earliest < :until, 1)")
            self._values["until"] = microseconds(query.until)
        self._touches = " AND ".join(touches)

    def oldest_first(self, first: int, end: int) -> Iterator[Span]:
        """From the subtree `first` to before `end`."""
        while first < end:
            begin = self._next(self._touches, "number >= :place AND number < :end", "ASC", first, end)
            if begin is None:
                return
            first = self._next(f"NOT ({self._touches})", "number > :place AND number < :end", "ASC", begin, end) or end
            yield (begin << NODE_LEVELS) + 1, first << NODE_LEVELS

    def newest_first(self, end: int) -> Iterator[Span]:
        """From before `end` down to the first."""
        while end > 0:
            last = self._next(self._touches, "number < :place", "DESC", end, 0)
            if last is None:
                return
            before = self._next(f"NOT ({self._touches})", "number < :place", "DESC", last, 0)
            end = 0 if before is None else before + 1
            yield (end << NODE_LEVELS) + 1, (last + 1) << NODE_LEVELS

    def _next(self, condition: str, place: str, order: str, at: int, end: int) -> int | None:
        # Every part is one of our own texts; the values are bound.
        text = (
            "SELECT number FROM audit_nodes WHERE org = :org AND level = :level "  # noqa: S608
            f"AND {place} AND {condition} ORDER BY number {order} LIMIT 1"
        )
        values = {**self._values, "place": at, **({"end": end} if ":end" in place else {})}
        found: int | None = self._connection.execute(sa.text(text), values).scalar_one_or_none()
        return found
