"""Events of old plugins: taken in whole, kept once, and read again in their own words.

The plugin sends its buffer until somebody takes it, so nothing that is well formed is refused for being long or old. It
numbers nothing: an event that comes again is known by its content, for a week.
"""

from __future__ import annotations

import datetime as dt

from clawforge.errors import NotFoundError
from clawforge.ledger.record import AuditEvent
from clawforge.legacy.answer import EventAnswer, EventPage, EventStats
from clawforge.legacy.event import PluginEvent, event_view, milliseconds_text
from clawforge.legacy.identifier import event_id, event_number
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry, InstanceRecord

MOST_EVENTS = 20_000
"""Events of one post: twice the buffer of the plugin, which is all that it ever sends."""
_AT_ONCE = 2_000
_REMEMBERED = dt.timedelta(days=7)


def take_plugin_events(
    plane: ControlPlane, instance: InstanceRecord, events: tuple[PluginEvent, ...], origin: Origin
) -> int:
    """Store what is new, and answer how many events are durable now: all of them.

    In parts, so that nobody else's transaction has to wait for a whole buffer: what was stored before a failure is
    known when the plugin sends it again.
    """
    org, reporter, now = instance.org, instance.name, plane.clock.now()
    for start in range(0, len(events), _AT_ONCE):
        some = events[start : start + _AT_ONCE]
        with plane.store.transaction() as transaction:
            receipts = transaction.plugin_receipts
            if start == 0:
                receipts.forget(org, reporter, now - _REMEMBERED)
            known = receipts.known(org, reporter, [event.digest for event in some])
            fresh = [event for event in some if event.digest not in known]
            if fresh:
                transaction.audit.append_all(org, [_entry(instance, event, now, origin) for event in fresh])
                receipts.add(org, reporter, [event.digest for event in fresh], now)
    return len(events)


def query_events(plane: ControlPlane, org: str, query: AuditQuery) -> EventPage:
    """Records, newest first. Raises NotFoundError."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = transaction.audit.page(org, query)
        total = transaction.audit_tree.head(org).size
    more = found.next is not None and bool(found.events)
    return EventPage(
        events=tuple(event_view(org, event) for event in found.events),
        total=total,
        next_cursor=event_id(org, found.events[-1].seq) if more else None,
    )


def one_event(plane: ControlPlane, org: str, text: str) -> EventAnswer:
    """The record with an id. Raises NotFoundError."""
    number = event_number(org, text)
    with plane.store.transaction() as transaction:
        record = None if number is None else _record(transaction, org, number)
    if record is None:
        raise NotFoundError("Event not found", code="unknown-event")
    return EventAnswer(event=event_view(org, record))


def event_stats(plane: ControlPlane, org: str) -> EventStats:
    """The extent of the log. How long payloads are kept differs by class, so no one number of days is told."""
    with plane.store.transaction() as transaction:
        size = transaction.audit_tree.head(org).size
        first, last = (_record(transaction, org, 1), _record(transaction, org, size)) if size else (None, None)
    return EventStats(
        event_count=size,
        oldest_event=None if first is None else milliseconds_text(first.at),
        newest_event=None if last is None else milliseconds_text(last.at),
    )


def _record(transaction: Transaction, org: str, number: int) -> AuditEvent | None:
    found = transaction.audit.page(org, AuditQuery(limit=1, cursor=number - 1)).events
    return found[0] if found and found[0].seq == number else None


def _entry(instance: InstanceRecord, event: PluginEvent, now: dt.datetime, origin: Origin) -> AuditEntry:
    stamped = {"user": instance.user, "agent": event.agent}
    return AuditEntry(
        at=now,
        actor=f"instance:{instance.name}",
        action=event.action,
        outcome=event.outcome,
        detail={**{key: value for key, value in stamped.items() if value is not None}, "data": dict(event.data)},
        target=event.tool,
        origin=origin,
        event_class=event.class_,
        claimed=event.claimed,
    )
