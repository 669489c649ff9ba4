"""What the store remembers of the reports of old plugins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Protocol


class PluginReceipts(Protocol):
    """Digests of events that were stored, by who reported them."""

    def known(self, org: str, reporter: str, digests: Collection[bytes]) -> frozenset[bytes]:
        """Those of the digests that are remembered."""

    def add(self, org: str, reporter: str, digests: Collection[bytes], at: dt.datetime) -> None:
        """Remember digests that are not."""

    def forget(self, org: str, reporter: str, before: dt.datetime) -> None:
        """What was remembered before a moment is forgotten."""
