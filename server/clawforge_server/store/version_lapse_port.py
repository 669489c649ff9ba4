"""What the server asks of a store about components of instances that are out of range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Protocol

from clawforge.compliance.lapse import Lapses


class VersionLapses(Protocol):
    """Since when which component of which instance is out of range."""

    def list(self, org: str) -> dict[str, dict[str, dt.datetime]]:
        """By instance and component; instances that are in order are left out."""

    def of(self, org: str, instance: str) -> dict[str, dt.datetime]:
        """Those of one instance."""

    def put(self, org: str, changes: Iterable[tuple[str, Lapses]]) -> None:
        """What holds for these instances from now on, in place of what was kept about them."""
