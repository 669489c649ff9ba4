"""Which instance an old plugin is: its sessions name it, and no credential of its own is ever shown."""

from __future__ import annotations

import threading
from collections import OrderedDict

from clawforge_server.state.instance_directory import InstanceDirectory
from clawforge_server.store.records import InstanceRecord

_MOST = 200_000


class PluginDirectory:
    """By name, beside the directory of all instances: a revocation removes an instance there, and so here."""

    def __init__(self, instances: InstanceDirectory) -> None:
        self._instances = instances
        self._hashes: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, org: str, name: str) -> InstanceRecord | None:
        """The active instance of this name, if it is in memory."""
        sha256 = self._hashes.get((org, name))
        return None if sha256 is None else self._instances.peek(sha256)

    def keep(self, instance: InstanceRecord) -> None:
        """Remember an active instance. Call it inside the transaction that read or wrote it."""
        self._instances.keep(instance)
        with self._lock:
            self._hashes[instance.org, instance.name] = instance.sha256
            if len(self._hashes) > _MOST:
                self._hashes.popitem(last=False)
