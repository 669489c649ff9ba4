"""What instances say about themselves, gathered in memory and written in batches: a poll costs no write."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping

from clawforge_server.store.port import Store
from clawforge_server.store.records import InstanceRecord, InstanceReport


class InstanceReports:
    """The newest report of each instance since the last flush. A crash loses seconds of it, and nothing else."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: dict[tuple[str, str], InstanceReport] = {}
        self._lock = threading.Lock()

    def note(
        self,
        instance: InstanceRecord,
        at: dt.datetime,
        acknowledged: str | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Remember a report; what it leaves out stays as it was reported before."""
        key = (instance.org, instance.name)
        with self._lock:
            before = self._pending.get(key)
            if before is not None:
                acknowledged = acknowledged or before.acknowledged
                versions = versions if versions is not None else before.versions
            self._pending[key] = InstanceReport(instance.org, instance.name, at, acknowledged, versions)

    def flush(self) -> None:
        """Write everything that is pending, in one transaction. What fails to be written stays pending."""
        with self._lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return
        try:
            with self._store.transaction() as transaction:
                transaction.instances.report(tuple(pending.values()))
        except BaseException:
            with self._lock:
                self._pending = {**pending, **self._pending}
            raise
