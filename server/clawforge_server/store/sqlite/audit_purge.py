"""Deleting old payloads of the audit log in SQL."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from clawforge.ledger.purge import MOST_RANGES, PurgedRange
from clawforge_server.store import tables
from clawforge_server.store.audit_records import AuditQuery, Held, Purged
from clawforge_server.store.sqlite.audit_spans import spans


@dataclass(frozen=True, slots=True)
class _Span:
    """A row of payloads, and when the last of its records was written."""

    first: int
    last: int
    records: int
    at: dt.datetime


def purge_class(
    connection: sa.Connection, org: str, event_class: str, before: dt.datetime, holds: Sequence[Held]
) -> Purged:
    """Delete rows whose records are all older than `before`.

    Neighbours become one range only where no other record of the class lies between them: what is missing already, and
    was not purged, must not look as if it were.
    """
    mine = [hold for hold in holds if not hold.classes or event_class in hold.classes]
    old = _old(connection, org, event_class, before)
    held: set[int] = set()
    for hold in mine:
        held |= _held(connection, org, event_class, old, hold)
    kept = [span for span in old if span.first in held]
    ranges = _ranges(connection, org, event_class, [span for span in old if span.first not in held], held)
    table = tables.audit_payloads
    for part in ranges:
        connection.execute(
            sa.delete(table).where(
                table.c.org == org,
                table.c["class"] == event_class,
                table.c.first >= part.first,
                table.c.first <= part.last,
            )
        )
    return Purged(tuple(ranges), sum(span.records for span in kept))


def _old(connection: sa.Connection, org: str, event_class: str, before: dt.datetime) -> list[_Span]:
    payloads, leaves = tables.audit_payloads, tables.audit_leaves
    found: list[_Span] = []
    newest = connection.execute(sa.select(sa.func.max(leaves.c.seq)).where(leaves.c.org == org)).scalar_one() or 0
    for begin, end in spans(connection, org, AuditQuery(until=before), 1, newest):
        rows = connection.execute(
            sa.select(payloads.c.first, payloads.c.last, payloads.c.records, leaves.c.at)
            .join(leaves, (leaves.c.org == payloads.c.org) & (leaves.c.seq == payloads.c.last))
            .where(
                payloads.c.org == org,
                payloads.c["class"] == event_class,
                payloads.c.first.between(begin, end),
                leaves.c.at < before,
            )
            .order_by(payloads.c.first)
        )
        found += [_Span(first, last, records, at) for first, last, records, at in rows]
    return found


def _held(connection: sa.Connection, org: str, event_class: str, spans: Sequence[_Span], hold: Held) -> set[int]:
    """The firsts of those spans that the hold keeps, found by what the actors did and not span by span."""
    within = [
        span
        for span in spans
        if (hold.since is None or span.at >= hold.since) and (hold.until is None or span.at < hold.until)
    ]
    if not hold.actors or not within:
        return {span.first for span in within}
    leaves = tables.audit_leaves
    rows = connection.execute(
        sa.select(leaves.c.seq)
        .where(
            leaves.c.org == org,
            leaves.c.actor.in_(hold.actors),
            leaves.c.seq.between(within[0].first, within[-1].last),
            leaves.c["class"] == event_class,
        )
        .order_by(leaves.c.seq)
    )
    seqs = rows.scalars().all()
    return {
        span.first for span in within if bisect.bisect_left(seqs, span.first) < bisect.bisect_right(seqs, span.last)
    }


def _ranges(
    connection: sa.Connection, org: str, event_class: str, spans: Sequence[_Span], held: set[int]
) -> list[PurgedRange]:
    """Neighbouring spans as ranges, at most as many as one record of a purge can name."""
    ranges: list[PurgedRange] = []
    run: list[_Span] = []
    for span in spans:
        if run and any(run[-1].last < first < span.first for first in held):
            ranges += _exact(connection, org, event_class, run)
            run = []
        run.append(span)
    if run:
        ranges += _exact(connection, org, event_class, run)
    return ranges[:MOST_RANGES]


def _exact(connection: sa.Connection, org: str, event_class: str, run: Sequence[_Span]) -> list[PurgedRange]:
    """One range if the records of the spans are all that the class has there; otherwise the two halves, each so."""
    first, last, records = run[0].first, run[-1].last, sum(span.records for span in run)
    leaves = tables.audit_leaves
    count = connection.execute(
        sa.select(sa.func.count()).where(
            leaves.c.org == org, leaves.c["class"] == event_class, leaves.c.seq.between(first, last)
        )
    ).scalar_one()
    if count == records:
        return [PurgedRange(first=first, last=last, records=records)]
    if len(run) == 1:
        # A row that does not hold what it should is evidence, and stays.
        return []
    middle = len(run) // 2
    return [
        *_exact(connection, org, event_class, run[:middle]),
        *_exact(connection, org, event_class, run[middle:]),
    ]
