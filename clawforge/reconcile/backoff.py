"""How long a reconciler waits before it tries again: longer each time, and never at the same time as all the others."""

from __future__ import annotations

FIRST_SECONDS = 1.0
MOST_SECONDS = 300.0
_MOST_DOUBLINGS = 20


def retry_pause(failures: int, fraction: float, *, interval: float, at_least: float = 0.0) -> float:
    """Seconds until the next try after so many failures in a row, the first being 1.

    The pause is a random part, `fraction` in [0, 1), of a span that doubles with each failure, up to the interval or
    five minutes, whichever is less. `at_least` is what the other side asked for; it counts up to five minutes.
    """
    most = min(interval, MOST_SECONDS)
    span = min(most, FIRST_SECONDS * 2.0 ** min(max(failures - 1, 0), _MOST_DOUBLINGS))
    return max(fraction * span, min(at_least, MOST_SECONDS))
