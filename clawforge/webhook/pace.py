"""How often somebody may do something."""

from __future__ import annotations

from collections import OrderedDict

_MOST_KEYS = 1_024


class Pace:
    """For each key `burst` times at once, then `per_second` times in a second. Of keys, the 1,024 latest are
    remembered. Not for several threads."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def may(self, key: str, now: float) -> bool:
        """Whether it may be done once more. `now` is in seconds."""
        return self._present(key, now) >= 1

    def count(self, key: str, now: float) -> None:
        """It was done."""
        self._left[key] = (max(self._present(key, now) - 1, 0.0), now)
        self._left.move_to_end(key)
        if len(self._left) > _MOST_KEYS:
            self._left.popitem(last=False)

    def _present(self, key: str, now: float) -> float:
        left, since = self._left.get(key, (float(self._burst), now))
        return min(float(self._burst), left + max(now - since, 0.0) * self._per_second)
