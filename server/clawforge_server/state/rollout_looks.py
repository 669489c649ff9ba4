"""When rollouts were looked at last: counting what machines report costs something, and a second's grain does not
matter."""

from __future__ import annotations

_PACE = 10.0
"""Seconds."""


class RolloutLooks:
    """Remembers in memory only: the first look of a process always counts. Used by one chore alone."""

    def __init__(self) -> None:
        self._looked: dict[str, float] = {}

    def is_due(self, org: str, monotonic: float) -> bool:
        """Whether it is time to look again; if so, that is remembered."""
        before = self._looked.get(org)
        if before is not None and monotonic - before < _PACE:
            return False
        self._looked[org] = monotonic
        return True
