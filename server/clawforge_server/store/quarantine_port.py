"""What the server asks of a store about instances that are shut in because of an invariant."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from clawforge_server.store.records import QuarantineRecord


class Quarantines(Protocol):
    """Instances that are shut in, and from which invariants they were released."""

    def list(self, org: str) -> tuple[QuarantineRecord, ...]:
        """By instance and invariant, those who were released included."""

    def put(self, org: str, record: QuarantineRecord) -> None:
        """Shut an instance in, in place of what was kept about it and this invariant."""

    def release(self, org: str, instance: str, at: dt.datetime, by: str, reason: str) -> bool:
        """Let it out of everything; False when it is not shut in."""
