"""Who an instance is, by the hash of its credential: answered from memory after the first time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable

from clawforge_server.store.records import InstanceRecord

_MOST = 200_000


class InstanceDirectory:
    """Holds active instances under their present credentials only. Used from any thread; never blocks for long."""

    def __init__(self) -> None:
        self._by_hash: OrderedDict[str, InstanceRecord] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, sha256: str) -> InstanceRecord | None:
        """The active instance with this credential, if it is in memory."""
        return self._by_hash.get(sha256)

    def keep(self, instance: InstanceRecord) -> None:
        """Remember an active instance.

        Call it inside the transaction that read or wrote it: a revocation that commits later finds the entry.
        """
        with self._lock:
            self._by_hash[instance.sha256] = instance
            if len(self._by_hash) > _MOST:
                self._by_hash.popitem(last=False)

    def learn(self, before: InstanceRecord, after: InstanceRecord) -> None:
        """What an active instance reported of itself; nothing if what is in memory is not what it was before."""
        with self._lock:
            if self._by_hash.get(before.sha256) is before:
                self._by_hash[before.sha256] = after

    def forget(self, hashes: Iterable[str]) -> None:
        """These credentials are good no more. Call it right after the commit."""
        with self._lock:
            for sha256 in hashes:
                self._by_hash.pop(sha256, None)

    def forget_orgs(self, orgs: Collection[str]) -> None:
        """Drop what may have been revoked elsewhere."""
        with self._lock:
            for sha256 in [key for key, item in self._by_hash.items() if item.org in orgs]:
                del self._by_hash[sha256]
