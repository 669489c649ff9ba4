"""What the server asks of a store about what instances enforce; a part of `store.port`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from clawforge_server.store.records import AcknowledgementRecord

KEPT_ACKNOWLEDGEMENTS = 400
"""Of each instance. What it enforces changes with every apply that concerns it, and at midnight UTC: a year or so."""


class Acknowledgements(Protocol):
    """Which bundles instances said that they enforce."""

    def add(self, changes: Sequence[AcknowledgementRecord]) -> None:
        """Keep these, in this order, of instances that exist; one that repeats the instance's last is left out.

        Of each instance the newest `KEPT_ACKNOWLEDGEMENTS` stay.
        """

    def page(
        self, org: str, instance: str, *, before: int | None, until: dt.datetime | None, limit: int
    ) -> tuple[AcknowledgementRecord, ...]:
        """Newest first, below a number, and no later than a moment."""

    def newest(self, org: str, instances: Sequence[str]) -> dict[str, AcknowledgementRecord]:
        """The newest of each of these instances that has any, by instance; at most some hundreds at once."""
