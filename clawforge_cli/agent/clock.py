"""Time that cannot be set back: wall clock, monotonic clock and the server's signed time together."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable


def monotonic_seconds() -> float:
    """Seconds that go on while the machine sleeps, where the system counts them."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


def wall_clock() -> dt.datetime:
    """The machine's own idea of the time."""
    return dt.datetime.now(dt.UTC)


class _Mark:
    """A moment that is known to have passed, and when we learnt it."""

    def __init__(self, moment: dt.datetime, learnt: float) -> None:
        self.moment = moment
        self.learnt = learnt

    def at(self, monotonic: float) -> dt.datetime:
        return self.moment + dt.timedelta(seconds=max(0.0, monotonic - self.learnt))


class Clock:
    """Two readings of the present.

    `now` is the latest that any source suggests: what ends at a moment ends by it, so a clock set back extends nothing
    and a clock that is ahead only ends things sooner. `decision_time` follows the newest signed time of the server,
    advanced by the monotonic clock, so that a schedule is not escaped by setting the clock; before the first answer it
    is `now`.
    """

    def __init__(
        self,
        floor: dt.datetime,
        *,
        wall: Callable[[], dt.datetime] = wall_clock,
        monotonic: Callable[[], float] = monotonic_seconds,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._floor = _Mark(max(floor, wall()), monotonic())
        self._server: _Mark | None = None

    def now(self) -> dt.datetime:
        """The latest plausible present; ends leases and policies."""
        return max(self._wall(), self._floor.at(self._monotonic()))

    def decision_time(self) -> dt.datetime:
        """The present that schedules are judged by."""
        server = self._server
        return self.now() if server is None else server.at(self._monotonic())

    def learn(self, server_time: dt.datetime) -> None:
        """Take over a signed time of the server; an older one than expected teaches nothing."""
        with self._lock:
            monotonic = self._monotonic()
            if server_time > self._floor.at(monotonic):
                self._floor = _Mark(server_time, monotonic)
            if self._server is None or server_time > self._server.at(monotonic):
                self._server = _Mark(server_time, monotonic)
