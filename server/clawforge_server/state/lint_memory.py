"""What lint found in states that were looked at lately: a state is planned again and again before it is applied."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from clawforge.finding import Finding

_MOST_STATES = 32


class LintMemory:
    """Findings by org and state digest: they depend on nothing else. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str], tuple[Finding, ...]] = OrderedDict()

    def findings(self, org: str, digest: str, look: Callable[[], list[Finding]]) -> tuple[Finding, ...]:
        """What was found in the state before, or what `look` finds now."""
        key = (org, digest)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        found = tuple(look())
        with self._lock:
            self._known[key] = found
            while len(self._known) > _MOST_STATES:
                self._known.popitem(last=False)
        return found
