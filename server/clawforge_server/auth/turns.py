"""Threads for work that waits for others, so shared that nobody whose others are slow has all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import anyio
import anyio.to_thread

from clawforge_server.auth.rate_limit import RateLimitedError

_Value = TypeVar("_Value")
_MOST_WAITING = 32


@dataclass(slots=True)
class _Share:
    """What one key may have at once, and how many calls have or want some of it."""

    limiter: anyio.CapacityLimiter
    calls: int = 0


class Turns:
    """At most `most` threads at once, and at most `each` for one key. Used from the event loop alone."""

    def __init__(self, most: int, each: int) -> None:
        self._all = anyio.CapacityLimiter(most)
        self._each = each
        self._by_key: dict[str, _Share] = {}

    async def run(self, key: str, work: Callable[[], _Value]) -> _Value:
        """Do the work when it is its turn. Raises RateLimitedError instead of a queue that would only grow."""
        share = self._by_key.get(key) or _Share(anyio.CapacityLimiter(self._each))
        if share.calls >= self._each + _MOST_WAITING or self._all.statistics().tasks_waiting >= _MOST_WAITING:
            raise RateLimitedError(
                "Too many people are signing in right now.", hint="Try again shortly.", retry_after=5.0
            )
        self._by_key[key] = share
        share.calls += 1
        try:
            async with share.limiter:
                return await anyio.to_thread.run_sync(work, limiter=self._all)
        finally:
            share.calls -= 1
            # Keys are anybody's word: only those in use are kept.
            if not share.calls:
                del self._by_key[key]
