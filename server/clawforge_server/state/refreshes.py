"""Instances that were told to ask for their policy now."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

_MOST = 200_000


class Refreshes:
    """A number for each instance that grows whenever somebody wants it to ask. In memory only: after a restart every
    agent asks anyway. Used from any thread; never blocks for long."""

    def __init__(self) -> None:
        self._marks: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._count = 0
        self._lock = threading.Lock()

    def mark(self, org: str, instance: str) -> int:
        """The number of an instance; 0 if nobody wanted anything of it lately."""
        return self._marks.get((org, instance), 0)

    def want(self, org: str, instances: Iterable[str]) -> None:
        """These should ask now. Wake them afterwards."""
        with self._lock:
            self._count += 1
            for instance in instances:
                self._marks[org, instance] = self._count
                self._marks.move_to_end((org, instance))
            while len(self._marks) > _MOST:
                self._marks.popitem(last=False)
