"""What the server asks of a store about overlays: what was done by hand, beside the files; a part of `store.port`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

import orjson


@dataclass(frozen=True, slots=True)
class OverlayRecord:
    """A kill switch, or another thing done by hand that holds until it ends.

    `starts_at` None: it waits for somebody, and does not hold yet. `remind_every` is in seconds. `ended_by` is
    `server` for what ended by itself. `body` is a JSON document with what its kind needs besides.
    """

    org: str
    id: str
    kind: str
    scope: str
    reason: str
    created_at: dt.datetime
    created_by: str
    message: str = ""
    ticket: str | None = None
    body: str = "{}"
    starts_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    remind_every: int | None = None
    reminded_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    @property
    def in_force(self) -> bool:
        """It holds: it began and was not ended. What is over by the clock holds until the server ended it."""
        return self.starts_at is not None and self.ended_at is None

    @property
    def reminder_at(self) -> dt.datetime | None:
        """When the log is to be reminded of it next; None for never."""
        if self.remind_every is None or self.starts_at is None or self.ended_at is not None:
            return None
        return (self.reminded_at or self.starts_at) + dt.timedelta(seconds=self.remind_every)

    @property
    def held_grant(self) -> str | None:
        """By which grant it lifts or lifted; None for what never did."""
        grant = orjson.loads(self.body).get("grant") if self.starts_at is not None else None
        return grant if isinstance(grant, str) else None

    @property
    def due_at(self) -> dt.datetime | None:
        """When the server has something to do about it, its end or a reminder; None for never."""
        if self.ended_at is not None:
            return None
        return min((at for at in (self.expires_at, self.reminder_at) if at is not None), default=None)


class Overlays(Protocol):
    """What was done by hand, and what of it ended."""

    def open(self, org: str) -> tuple[OverlayRecord, ...]:
        """What was not ended, oldest first."""

    def get(self, org: str, overlay_id: str) -> OverlayRecord | None:
        """One of the org's, ended or not."""

    def put(self, overlay: OverlayRecord) -> None:
        """Keep an overlay, in place of what was kept under its id."""

    def ended(self, org: str, limit: int) -> tuple[OverlayRecord, ...]:
        """What ended, newest first."""

    def last_ended(self, org: str, scope: str, grant: str) -> dt.datetime | None:
        """When the newest of what once held for this scope by this grant ended; None if nothing did."""

    def due(self, now: dt.datetime) -> tuple[str, ...]:
        """The orgs in which something is to be ended or reminded of, by name."""
