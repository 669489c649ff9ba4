"""Who an instance is, by the hash of its credential: answered from memory after the first time."""

from __future__ import annotations

from collections import OrderedDict

from clawforge_server.store.port import Store
from clawforge_server.store.records import InstanceRecord

_MOST = 200_000


class InstanceDirectory:
    """Holds active instances only: a revoked one is forgotten here in the moment in which it is revoked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_hash: OrderedDict[str, InstanceRecord] = OrderedDict()

    def peek(self, sha256: str) -> InstanceRecord | None:
        """The instance if it is in memory; never blocks."""
        return self._by_hash.get(sha256)

    def find(self, sha256: str) -> InstanceRecord | None:
        """The active instance with this credential. Blocks."""
        found = self.peek(sha256)
        if found is not None:
            return found
        with self._store.transaction() as transaction:
            found = transaction.instances.find(sha256)
            # Inside the transaction: a revocation that commits later finds the entry and removes it.
            if found is not None and found.revoked_at is None:
                self._by_hash[sha256] = found
                if len(self._by_hash) > _MOST:
                    self._by_hash.popitem(last=False)
                return found
        return None

    def forget(self, instance: InstanceRecord) -> None:
        """It was revoked."""
        self._by_hash.pop(instance.sha256, None)
