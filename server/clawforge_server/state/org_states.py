"""The present state of every org that was asked for."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from clawforge.errors import NotFoundError, UnavailableError
from clawforge_server.clock import Clock
from clawforge_server.state.org_state import OrgState, read_org
from clawforge_server.state.wakeups import Wakeups
from clawforge_server.store.port import Store


class OrgStates:
    """Whole states, swapped after a commit: readers never see half of a revision."""

    def __init__(self, store: Store, clock: Clock, wakeups: Wakeups) -> None:
        self._store = store
        self._clock = clock
        self._wakeups = wakeups
        self._states: dict[str, OrgState] = {}
        self._begun: set[str] = set()
        self._lock = threading.Lock()
        self._changes = threading.Lock()

    def peek(self, org: str) -> OrgState | None:
        """The state in memory, if it is there and its bundles begin with today; never blocks."""
        state = self._states.get(org)
        if state is None or state.record is None or self._clock.now().date() > state.record.horizon_day:
            return None
        return state

    def find(self, org: str) -> OrgState | None:
        """The present state, from memory or the store; None for an org that does not exist. Blocks."""
        state = self.peek(org)
        if state is not None:
            return state
        with self._lock:
            return self.peek(org) or self._load(org)

    def get(self, org: str) -> OrgState:
        """As `find`. Raises NotFoundError."""
        state = self.find(org)
        if state is None:
            raise NotFoundError(
                f"The org {org!r} does not exist on this server.",
                hint="The owner's first apply creates it.",
                code="unknown-org",
            )
        return state

    @contextmanager
    def changing(self, org: str) -> Iterator[None]:
        """Hold this from before a transaction that changes the org until after `publish`.

        Changes are published in the order of their commits, also those that leave the counters alone. When the store
        failed, what it holds is not known for sure, so it is read again.
        """
        with self._changes:
            try:
                yield
            except UnavailableError:
                with self._lock:
                    self._states.pop(org, None)
                raise

    def publish(self, state: OrgState) -> None:
        """Make a committed state the present one, unless a later one already is, and wake whoever waits."""
        with self._lock:
            present = self._states.get(state.name)
            if present is None or _counters(present) <= _counters(state):
                self._states[state.name] = state
            self._begun.add(state.name)
        self._wakeups.notify(state.name)

    def _load(self, org: str) -> OrgState | None:
        """Read the org, and raise its serial when its bundles may have changed without an apply.

        They hold whole UTC days, so they change at midnight; a clock that goes back changes nothing. And another
        version of this program, of its catalogues or of the time zones may make other bundles of the same resources,
        so the first look of a process counts too: agents refuse one serial with two digests.
        """
        now = self._clock.now()
        with self._store.transaction() as transaction:
            record = transaction.orgs.get(org)
            if record is None:
                return None
            if now.date() > record.horizon_day or org not in self._begun:
                day = max(record.horizon_day, now.date())
                record = dataclasses.replace(record, serial=record.serial + 1, horizon_day=day)
                transaction.orgs.update(record)
            state = read_org(transaction, org, now, self._states.get(org))
        if state is not None:
            # Here, on this thread: a second model is a lot of work for whoever polls next.
            _ = state.stage
        self._begun.add(org)
        if state is not None:
            self._states[org] = state
        return state


def _counters(state: OrgState) -> tuple[int, int, int]:
    record = state.record
    return (0, 0, 0) if record is None else (record.epoch, record.serial, record.revision)
