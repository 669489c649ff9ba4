"""Which orgs were looked through for versions that are out of range, and what they were like then."""

from __future__ import annotations

import threading

Mark = tuple[int, ...]
"""Counters of an org that grow with everything that may put one of its instances out of range."""


class VersionLooks:
    """Remembers in memory only: the first look of a process always counts. Used from any thread."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._newcomers: dict[str, int] = {}
        self._lock = threading.Lock()

    def newcomer(self, org: str) -> None:
        """An instance came in that was not looked at before. Call it right after the commit."""
        with self._lock:
            self._newcomers[org] = self._newcomers.get(org, 0) + 1

    def newcomers(self, org: str) -> int:
        """A number that grows with each instance that comes in."""
        return self._newcomers.get(org, 0)

    def is_current(self, org: str, mark: Mark) -> bool:
        """Whether nothing changed since the last look that could put somebody out of range."""
        with self._lock:
            return self._marks.get(org) == mark

    def looked(self, org: str, mark: Mark) -> None:
        """Remember what the org was like before somebody looked."""
        with self._lock:
            self._marks[org] = mark
