"""What the server asks of a store about what resources were before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from clawforge.state import StateEntry


class ResourceVersion(NamedTuple):
    """What a revision made of a resource; `entry` is None where it deleted it."""

    revision: int
    entry: StateEntry | None


class History(Protocol):
    """Versions of resources, one for each revision that wrote or deleted it."""

    def versions(self, org: str, address: str, below: int, limit: int) -> tuple[ResourceVersion, ...]:
        """Those of one resource below a revision, newest first."""

    def between(self, org: str, low: int, high: int) -> Mapping[str, tuple[StateEntry | None, StateEntry | None]]:
        """What revisions above `low` up to `high` wrote or deleted: as it was at `low`, and at `high`; by address."""
