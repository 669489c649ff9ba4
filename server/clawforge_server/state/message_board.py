"""What the people at machines still have to be told, in memory, so that a poll asks no store."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable

from clawforge_server.store.message_port import MessageRecord
from clawforge_server.store.port import Store

MOST_WAITING = 16
"""Messages that may wait for one machine."""


class MessageBoard:
    """Used from any thread. What machines say they were told is written in batches; a crash loses a second of it, and
    the agent shows no message twice."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, dict[str, tuple[MessageRecord, ...]]] = {}
        self._told: dict[tuple[str, str], tuple[int, dt.datetime]] = {}
        self._lock = threading.Lock()

    def peek(self, org: str, instance: str, now: dt.datetime) -> tuple[MessageRecord, ...] | None:
        """What waits for a machine, oldest first; None if the org's messages are not in memory."""
        found = self._waiting.get(org)
        if found is None:
            return None
        waiting = found.get(instance, ())
        return tuple(item for item in waiting if now < item.until) if waiting else waiting

    def newest(self, org: str, instance: str, now: dt.datetime) -> int:
        """The number of the newest message that waits for a machine; 0 if none does, as far as is in memory."""
        waiting = self.peek(org, instance, now)
        return waiting[-1].number if waiting else 0

    def load(self, org: str, now: dt.datetime) -> None:
        """Read the org's messages unless they are in memory. Blocks."""
        if org in self._waiting:
            return
        with self._store.transaction() as transaction:
            found: dict[str, tuple[MessageRecord, ...]] = {}
            for instance, record in transaction.fleet_messages.waiting(org, now):
                found[instance] = (*found.get(instance, ()), record)
            # Inside the transaction: whatever is sent later finds the entry.
            with self._lock:
                self._waiting.setdefault(org, found)

    def post(self, org: str, record: MessageRecord, instances: Iterable[str]) -> None:
        """A message was sent and is durable. Load the org before its transaction."""
        self.let_go(org, record.sent_at)
        with self._lock:
            waiting = self._waiting.setdefault(org, {})
            for instance in instances:
                both = (*waiting.get(instance, ()), record)
                waiting[instance] = tuple(sorted(both, key=lambda item: item.number))

    def let_go(self, org: str, now: dt.datetime) -> None:
        """Forget what is too old to be told."""
        with self._lock:
            waiting = self._waiting.get(org)
            if waiting is None:
                return
            fresh = ((name, tuple(item for item in items if now < item.until)) for name, items in waiting.items())
            # Another mapping in its place: a poll reads without the lock.
            self._waiting[org] = {name: items for name, items in fresh if items}

    def note_told(self, org: str, instance: str, number: int, now: dt.datetime) -> None:
        """A machine says that it was told everything up to a number."""
        with self._lock:
            waiting = self._waiting.get(org, {})
            before = waiting.get(instance, ())
            left = tuple(item for item in before if item.number > number)
            if len(left) == len(before):
                return
            if left:
                waiting[instance] = left
            else:
                del waiting[instance]
            self._told[org, instance] = (number, now)

    def flush(self) -> None:
        """Write who was told. What fails to be written stays pending."""
        with self._lock:
            told, self._told = self._told, {}
        if not told:
            return
        try:
            with self._store.transaction() as transaction:
                for (org, instance), (number, at) in told.items():
                    transaction.fleet_messages.told(org, instance, number, at)
        except BaseException:
            with self._lock:
                self._told = {**told, **self._told}
            raise
