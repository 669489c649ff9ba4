"""Time for what must not end too early: it never runs faster than the monotonic clock."""

from __future__ import annotations

import datetime as dt

from clawforge_server.clock import Clock


class SteadyTime:
    """A wall clock that is set forward ends nothing: a moment comes when the wall clock shows it and as much time has
    passed since the start. After a start the wall clock is believed, for there is nothing else to go by."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began, self._since = clock.now(), clock.monotonic()

    def now(self) -> dt.datetime:
        """The earlier of what the wall clock shows and what it would show if nobody had set it."""
        return min(self._clock.now(), self._began + dt.timedelta(seconds=self._clock.monotonic() - self._since))
