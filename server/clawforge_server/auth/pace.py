"""How fast somebody may ask: so many requests a minute on average, with a burst.

The generic cell rate algorithm (ITU-T I.371, the leaky bucket as a meter): one number a key, the moment at which its
bucket will be empty again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from clawforge_server.clock import Clock

_MOST_KEYS = 100_000
_MINUTE = 60.0
_ROUNDING = 1e-9
"""Sums of floats: a request that is due this very moment must not wait for a rounding error."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_minute` requests on average; `burst` of them at once after a quiet time."""

    per_minute: int
    burst: int

    def __post_init__(self) -> None:
        if self.per_minute < 1 or self.burst < 1:
            raise ValueError("a rate allows at least one request")

    @property
    def interval(self) -> float:
        """Seconds that one request costs."""
        return _MINUTE / self.per_minute


class Pace:
    """Counts requests by key. Memory stays bounded; used from the event loop alone."""

    def __init__(self, clock: Clock, rate: Rate, *, most_keys: int = _MOST_KEYS) -> None:
        self._clock = clock
        self._rate = rate
        self._most = most_keys
        self._empty_at: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str, rate: Rate | None = None) -> float:
        """Count one request, and give 0; or count nothing, and give the seconds to wait. `rate`: of this key alone."""
        rate = rate or self._rate
        now, interval = self._clock.monotonic(), rate.interval
        full = rate.burst * interval
        empty_at = max(self._empty_at.get(key, now), now)
        # Fuller than full: the key's rate was changed. It begins anew rather than wait longer than anybody else.
        if empty_at > now + full + _ROUNDING:
            empty_at = now
        left = empty_at + interval - now - full
        if left > _ROUNDING:
            return left
        self._empty_at[key] = empty_at + interval
        self._empty_at.move_to_end(key)
        # Whoever asked longest ago makes room: that bucket is the one most likely to be empty.
        while len(self._empty_at) > self._most:
            self._empty_at.popitem(last=False)
        return 0.0

    def give_back(self, key: str) -> None:
        """The last request of the key does not count after all."""
        empty_at = self._empty_at.get(key)
        if empty_at is not None:
            self._empty_at[key] = empty_at - self._rate.interval
