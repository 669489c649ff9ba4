"""Keeps the lease of one source while its reconciler works and while it rests, and hears what people want of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from clawforge.errors import ClawforgeError, ConflictError
from clawforge.wire_reconcile import ReconcilerLease

_SHORTEST_PAUSE = 0.05


class Wishes(NamedTuple):
    """What of a lease is news for whoever holds it."""

    suspended: bool
    wanted: int
    acknowledged: str | None
    out_of_band: str
    revision: int

    @classmethod
    def of(cls, lease: ReconcilerLease) -> Wishes:
        """Those of a lease."""
        return cls(lease.suspended, lease.wanted, lease.acknowledged, lease.out_of_band.value, lease.revision)


class LeaseKeeper:
    """Between `start` and `close` a thread keeps the lease that `renew` took, three times before it would end.
    `on_news` is called in that thread when the lease says something new, or is lost."""

    def __init__(
        self,
        hold: Callable[[int | None], ReconcilerLease],
        release: Callable[[int], None],
        on_news: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hold = hold
        self._release = release
        self._on_news = on_news
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._lease: ReconcilerLease | None = None
        self._until = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to keep what will be taken."""
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def renew(self) -> ReconcilerLease:
        """Take the lease, or keep it. Raises ConflictError `lease-held` while somebody else has it, and the other
        errors of the control plane."""
        with self._lock:
            return self._renewed()

    @property
    def is_held(self) -> bool:
        """Whether the lease surely lasts still."""
        return self._lease is not None and self._monotonic() < self._until

    def expect(self, revision: int) -> None:
        """The holder itself made this revision, so hearing of it is no news."""
        with self._lock:
            if self._lease is not None:
                self._lease = self._lease.model_copy(update={"revision": max(revision, self._lease.revision)})

    def close(self) -> None:
        """Keep it no more, and give it back if it is held."""
        self._stop.set()
        with self._lock:
            lease, self._lease = self._lease, None
            if lease is not None and self._monotonic() < self._until:
                # If that fails, it ends by itself.
                with contextlib.suppress(ClawforgeError):
                    self._release(lease.fence)
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _renewed(self) -> ReconcilerLease:
        asked = self._monotonic()
        try:
            lease = self._hold(None if self._lease is None else self._lease.fence)
        except ConflictError:
            self._lease = None
            raise
        self._lease, self._until = lease, asked + lease.seconds
        return lease

    def _keep(self) -> None:
        while not self._stop.wait(self._pause()):
            with self._lock:
                before = self._lease
                if before is None or self._stop.is_set():
                    continue
                try:
                    news = Wishes.of(self._renewed()) != Wishes.of(before)
                except ConflictError:
                    news = True
                except ClawforgeError:
                    continue  # the cycle says it; until it is over the lease may still be kept
            if news:
                self._on_news()

    def _pause(self) -> float:
        lease = self._lease
        return max(_SHORTEST_PAUSE, (3.0 if lease is None else lease.seconds) / 3)
