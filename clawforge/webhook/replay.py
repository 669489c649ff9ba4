"""Which webhooks were here before."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 900
"""Seconds for which a webhook is remembered: longer than a dated one is accepted at all."""

_MOST = 4_096


class Replays:
    """Ids of webhooks by when they came, of the last fifteen minutes and 4,096 at most: for one source. Not for several
    threads."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, float] = OrderedDict()

    def is_new(self, delivery: str, now: float) -> bool:
        """Whether this one was not here yet; from now on it was. `now` is in seconds."""
        while self._seen and (len(self._seen) >= _MOST or next(iter(self._seen.values())) <= now - REMEMBERED):
            self._seen.popitem(last=False)
        if delivery in self._seen:
            return False
        self._seen[delivery] = now
        return True
