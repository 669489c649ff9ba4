"""Until when reconcilers hold their leases: in memory alone, so that keeping a lease writes nothing.

The store knows who took a lease last and under which fence; only this process knows until when it lasts. What it does
not know it takes to last one more term: after a restart nobody gets in early, and whoever held a lease goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from clawforge.errors import UnavailableError
from clawforge_server.clock import Clock
from clawforge_server.store.reconciler_port import ReconcilerRecord

LEASE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease of this process: its fence, until when it is held on the monotonic clock, and the reconciler as it was
    committed last, None where that is not known for sure."""

    fence: int
    until: float
    record: ReconcilerRecord | None


class ReconcilerLeases:
    """Used from any thread. Whoever changes a reconciler holds `OrgStates.changing` of its org, and says what it is now
    after the commit."""

    def __init__(self, clock: Clock, seconds: int = LEASE_SECONDS) -> None:
        self.seconds = seconds
        self._clock = clock
        self._began = clock.monotonic()
        self._leases: dict[tuple[str, str], HeldLease] = {}
        self._lock = threading.Lock()

    def peek(self, org: str, name: str) -> ReconcilerRecord | None:
        """The reconciler, if it is in memory; never blocks."""
        found = self._leases.get((org, name))
        return None if found is None else found.record

    def left(self, record: ReconcilerRecord) -> float:
        """For how many seconds the present holder still has the lease; 0 if nobody has."""
        if record.holder is None:
            return 0.0
        found = self._leases.get((record.org, record.name))
        known = found is not None and found.fence == record.fence
        until = found.until if found is not None and known else self._began + self.seconds
        return max(0.0, until - self._clock.monotonic())

    def renew(self, record: ReconcilerRecord) -> bool:
        """Hold this very lease for another term; False when it is not in memory or over. Never blocks for long."""
        key = (record.org, record.name)
        with self._lock:
            found = self._leases.get(key)
            now = self._clock.monotonic()
            if found is None or found.fence != record.fence or now >= found.until:
                return False
            self._leases[key] = replace(found, until=now + self.seconds)
            return True

    def hold(self, record: ReconcilerRecord) -> None:
        """The lease was taken, or found to be held still: it lasts one term from now."""
        until = self._clock.monotonic() + self.seconds
        with self._lock:
            self._leases[record.org, record.name] = HeldLease(record.fence, until, record)

    def note(self, record: ReconcilerRecord) -> None:
        """What is known of the reconciler now. How long its lease lasts is as before."""
        left = self.left(record)
        with self._lock:
            found = self._leases.get((record.org, record.name))
            known = found is not None and found.fence == record.fence
            until = found.until if found is not None and known else self._clock.monotonic() + left
            self._leases[record.org, record.name] = HeldLease(record.fence, until, record)

    @contextmanager
    def settling(self, org: str) -> Iterator[None]:
        """Hold this around a transaction that changes reconcilers: when the store failed, what it holds of them is not
        known for sure, and is read again."""
        try:
            yield
        except UnavailableError:
            with self._lock:
                mine = [item for item in self._leases.items() if item[0][0] == org]
                self._leases.update({key: replace(found, record=None) for key, found in mine})
            raise
