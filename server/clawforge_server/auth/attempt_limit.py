"""Slowing down whoever guesses: attempts are counted before they are judged, so that many at once count too."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from clawforge_server.auth.rate_limit import RateLimitedError
from clawforge_server.clock import Clock

_MOST_KEYS = 50_000


@dataclass(slots=True)
class _Window:
    began: float
    attempts: int


class AttemptLimit:
    """At most so many attempts for a key in a window of seconds. Used from the event loop alone."""

    def __init__(self, clock: Clock, most: int, window: float) -> None:
        self._clock = clock
        self._most = most
        self._window = window
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def count(self, key: str) -> None:
        """Count an attempt. Raises RateLimitedError when there were too many."""
        now = self._clock.monotonic()
        window = self._windows.get(key)
        if window is None or now - window.began >= self._window:
            window = self._windows[key] = _Window(now, 0)
            self._windows.move_to_end(key)
        if window.attempts >= self._most:
            left = window.began + self._window - now
            raise RateLimitedError(
                "There were too many attempts to sign in.",
                hint=f"Wait {int(left) + 1} s. A forgotten password is reset by an administrator of the org.",
                retry_after=left,
            )
        window.attempts += 1
        # The key that was new longest ago makes room: memory stays bounded.
        while len(self._windows) > _MOST_KEYS:
            self._windows.popitem(last=False)

    def clear(self, key: str) -> None:
        """The attempt was genuine."""
        self._windows.pop(key, None)
