"""What the server asks of a store about messages to the people at machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message of an org; whoever was not told by `until` will not be."""

    number: int
    text: str
    sender: str
    sent_at: dt.datetime
    until: dt.datetime


class FleetMessages(Protocol):
    """Messages, and which machines were told."""

    def send(self, org: str, record: MessageRecord, instances: Collection[str]) -> None:
        """Keep a message under a new number, for these machines."""

    def last(self, org: str) -> int:
        """The number of the last message; 0 if there was none."""

    def waiting(self, org: str, at: dt.datetime) -> tuple[tuple[str, MessageRecord], ...]:
        """Machine and message for everything that was not told yet and is not too old, by number."""

    def told(self, org: str, instance: str, number: int, at: dt.datetime) -> None:
        """A machine was told everything up to this number."""

    def let_go(self, org: str, at: dt.datetime) -> None:
        """Delete what is too old to be told, with who was told. The last message stays: numbers never begin again, for
        no agent shows one twice."""
