"""The audit log in SQL: appending and searching."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from clawforge.errors import UnavailableError
from clawforge.ledger.event_class import class_of
from clawforge.ledger.merkle import Growth, leaf_hash
from clawforge.ledger.purge import PURGE_CLASS
from clawforge.ledger.record import AuditEvent, payload_bytes, payload_hash, plain, statement_bytes
from clawforge.ledger.verification import NODE_LEVELS, microseconds
from clawforge_server.sealing import Seal
from clawforge_server.store import tables
from clawforge_server.store.audit_records import AuditQuery, AuditSlice, Held, Purged
from clawforge_server.store.records import AuditEntry
from clawforge_server.store.sqlite.audit_payloads import PayloadReader, packed_rows
from clawforge_server.store.sqlite.audit_purge import purge_class
from clawforge_server.store.sqlite.audit_spans import windows
from clawforge_server.store.sqlite.audit_tree import SqlAuditTree

_LONGEST_TEXT = 256

# The index that narrows most comes first.
_INDEXED = ("actor", "target", "action", "class", "outcome")


class SqlAudit:
    """Implements `store.audit_port.Audit`. `appended` collects how long the logs are that grew in this transaction,
    `seen` is how long this process knows each log to be."""

    def __init__(
        self, connection: sa.Connection, seal: Seal, appended: dict[str, int], seen: Mapping[str, int]
    ) -> None:
        self._connection = connection
        self._tree = SqlAuditTree(connection, seal, seen)
        self._appended = appended

    def append(self, org: str, entry: AuditEntry) -> int:
        """The sequence number that the entry got."""
        return self.append_all(org, (entry,))[0]

    def append_all(self, org: str, entries: Sequence[AuditEntry]) -> range:
        """The sequence numbers that the entries got, in their order.

        Raises UnavailableError (`audit-unavailable`) when they cannot be written: then nothing that they are about may
        happen either.
        """
        try:
            return self._append(org, entries)
        except (LookupError, sa.exc.DatabaseError) as error:
            raise UnavailableError(
                "This cannot be written to the audit log, so it is not done.",
                hint="Look at the server's disk; if the log itself is damaged, `clawforge audit verify` says where.",
                code="audit-unavailable",
            ) from error

    def _append(self, org: str, entries: Sequence[AuditEntry]) -> range:
        before = self._tree.head(org)
        growth = Growth(before, NODE_LEVELS)
        rows: list[dict[str, object]] = []
        payloads: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)
        for seq, entry in enumerate(entries, start=before.size + 1):
            row, payload = _row(org, seq, entry)
            rows.append(row)
            payloads[str(row["class"])].append((seq, payload))
            growth.append(row["leaf"])  # type: ignore[arg-type]
        if not rows:
            return range(before.size + 1, before.size + 1)
        self._connection.execute(sa.insert(tables.audit_leaves), rows)
        packed = [row for name, items in payloads.items() for row in packed_rows(org, name, items)]
        self._connection.execute(sa.insert(tables.audit_payloads), packed)
        self._tree.grow(org, before, growth.frontier, growth.completed)
        self._appended[org] = growth.size
        return range(before.size + 1, growth.size + 1)

    def page(self, org: str, query: AuditQuery) -> AuditSlice:
        """Records that fit, looked for in windows that widen, until there are enough or patience ends."""
        low, high = 1, self._newest(org)
        if query.cursor is not None:
            low, high = (low, min(high, query.cursor - 1)) if query.newest_first else (max(low, query.cursor + 1), high)
        deadline = time.monotonic() + query.patience
        found: list[Any] = []
        for begin, end in windows(self._connection, org, query, low, high, wide=len(_equal(query)) <= 1):
            rows = self._window(org, query, begin, end, query.limit - len(found))
            found += rows
            last = begin if query.newest_first else end
            if len(found) == query.limit:
                last = rows[-1].seq
            if last == (low if query.newest_first else high):
                break
            if len(found) == query.limit or time.monotonic() >= deadline:
                return self._slice(org, query, found, last)
        return self._slice(org, query, found, None)

    def purge(self, org: str, event_class: str, before: dt.datetime, holds: Sequence[Held]) -> Purged:
        """Delete the payloads of a class that are older than `before` and that nothing holds."""
        if event_class == PURGE_CLASS:
            return Purged((), 0)
        return purge_class(self._connection, org, event_class, before, holds)

    def classes(self, org: str) -> tuple[str, ...]:
        """The classes of which payloads are kept."""
        table = tables.audit_payloads
        found: list[str] = []
        # One look for each class: a plain DISTINCT would walk over every row.
        while True:
            statement = sa.select(sa.func.min(table.c["class"])).where(table.c.org == org)
            if found:
                statement = statement.where(table.c["class"] > found[-1])
            name = self._connection.execute(statement).scalar_one()
            if name is None:
                return tuple(found)
            found.append(name)

    def _window(self, org: str, query: AuditQuery, begin: int, end: int, limit: int) -> list[Any]:
        """Rows between two numbers. Written out because SQLite, left alone, walks the log instead of an index."""
        wanted = _equal(query)
        narrowing = next((name for name in _INDEXED if name in wanted), None)
        conditions = ["org = :org", "seq BETWEEN :begin AND :end", *(f"{name} = :{name}" for name in wanted)]
        values: dict[str, object] = {"org": org, "begin": begin, "end": end, "most": limit, **wanted}
        if query.since is not None:
            conditions.append("at >= :since")
            values["since"] = microseconds(query.since)
        if query.until is not None:
            conditions.append("at < :until")
            values["until"] = microseconds(query.until)
        by = f" INDEXED BY ix_audit_leaves_{narrowing}" if narrowing is not None else ""
        order = "DESC" if query.newest_first else "ASC"
        # Every part is one of our own names; what was asked for is bound.
        text = f"SELECT * FROM audit_leaves{by} WHERE {' AND '.join(conditions)} ORDER BY seq {order} LIMIT :most"  # noqa: S608
        return list(self._connection.execute(sa.text(text), values))

    def _newest(self, org: str) -> int:
        table = tables.audit_leaves
        statement = sa.select(table.c.seq).where(table.c.org == org).order_by(table.c.seq.desc()).limit(1)
        return self._connection.execute(statement).scalar_one_or_none() or 0

    def _slice(self, org: str, query: AuditQuery, rows: Sequence[Any], following: int | None) -> AuditSlice:
        """The records, as many as an answer may hold; `following` is the cursor after all of them."""
        reader = PayloadReader(self._connection, org)
        events: list[AuditEvent] = []
        for row in rows:
            events.append(_event(reader, row))
            if reader.given > query.most_bytes and len(events) < len(rows):
                return AuditSlice(tuple(events), events[-1].seq)
        return AuditSlice(tuple(events), following)


def _equal(query: AuditQuery) -> dict[str, str]:
    """Column -> the one value that it must have."""
    wanted = {
        "actor": query.actor,
        "target": query.target,
        "action": query.action,
        "class": query.event_class,
        "outcome": query.outcome,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _row(org: str, seq: int, entry: AuditEntry) -> tuple[dict[str, object], bytes]:
    """The leaf's row, and its payload."""
    origin = entry.origin
    payload = payload_bytes(
        detail=plain(entry.detail),
        before=plain(entry.before),
        after=plain(entry.after),
        address=None if origin is None else plain(origin.address),
        credential=None if origin is None else plain(origin.credential),
        request=None if origin is None else plain(origin.request),
        claimed=entry.claimed,
        salt=secrets.token_hex(8),
    )
    event_class = entry.event_class or class_of(entry.action)
    actor, action = plain(entry.actor)[:_LONGEST_TEXT], plain(entry.action)[:64]
    target = None if entry.target is None else plain(entry.target)[:_LONGEST_TEXT]
    hashed = payload_hash(payload)
    leaf = leaf_hash(
        statement_bytes(org, seq, entry.at, event_class, actor, action, entry.outcome, target, entry.revision, hashed)
    )
    row: dict[str, object] = {
        "org": org,
        "seq": seq,
        "at": entry.at,
        "class": event_class,
        "actor": actor,
        "action": action,
        "outcome": entry.outcome,
        "target": target,
        "revision": entry.revision,
        "payload": hashed,
        "leaf": leaf,
    }
    return row, payload


def _event(reader: PayloadReader, row: Any) -> AuditEvent:
    """The record. One that cannot be as it was written is shown as such, and fits no hash."""
    try:
        return _readable(reader, row)
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        nothing = "sha256:" + "0" * 64
        return AuditEvent(
            seq=row.seq,
            at=tables.moment(0),
            class_="(unreadable)",
            actor="(unreadable)",
            action="(unreadable)",
            outcome="(unreadable)",
            payload=nothing,
            leaf=nothing,
            payload_state="damaged",
        )


def _readable(reader: PayloadReader, row: Any) -> AuditEvent:
    """The record; a payload that is not exactly what was hashed counts as damaged."""
    event_class = row._mapping["class"]
    state, payload = reader.read(event_class, row.seq)
    if state == "present" and payload_hash(payload) != row.payload:
        state = "damaged"
    content: dict[str, Any] = orjson.loads(payload) if state == "present" else {}
    claimed = content.get("claimed")
    return AuditEvent(
        seq=row.seq,
        at=tables.moment(row.at),
        class_=event_class,
        actor=row.actor,
        action=row.action,
        outcome=row.outcome,
        target=row.target,
        revision=row.revision,
        payload="sha256:" + row.payload.hex(),
        leaf="sha256:" + row.leaf.hex(),
        payload_state=state,
        detail=content.get("detail", {}),
        before=content.get("before"),
        after=content.get("after"),
        address=content.get("address"),
        credential=content.get("credential"),
        request=content.get("request"),
        claimed=None if claimed is None else dt.datetime.fromisoformat(claimed),
        salt=content.get("salt"),
    )
