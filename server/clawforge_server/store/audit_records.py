"""What the audit ledger of a store takes and gives, as values."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clawforge.ledger.purge import PurgedRange
from clawforge.ledger.record import AuditEvent

SERVER_LOG = "_server"
"""The log of what concerns no org; no org can have this name, and only the server's owner reads it."""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which records, and in which order. `cursor` is exclusive; the time range includes `since`, not `until`.

    `patience` is for how many seconds the store may look before it answers with what it has; `most_bytes` of payloads
    end a slice as well.
    """

    limit: int = 100
    cursor: int | None = None
    newest_first: bool = False
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    event_class: str | None = None
    target: str | None = None
    patience: float = 0.03
    most_bytes: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AuditSlice:
    """Some records, and the cursor to continue from; None at the end."""

    events: tuple[AuditEvent, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """A signed checkpoint as JSON text."""

    size: int
    at: dt.datetime
    document: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a legal hold keeps: every field that is set must fit."""

    classes: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Purged:
    """Payloads of one class that are gone now, and how many a hold kept."""

    ranges: tuple[PurgedRange, ...]
    held: int

    @property
    def records(self) -> int:
        """How many payloads went."""
        return sum(part.records for part in self.ranges)


@dataclass(frozen=True, slots=True)
class AgentStream:
    """How far an instance's events have come: `missing` are inclusive ranges below `highest`, in order."""

    highest: int = 0
    missing: tuple[tuple[int, int], ...] = ()
