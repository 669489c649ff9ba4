"""What is going to change by the passing of time alone: one thing, and where it is written."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from clawforge.position import Positions
from clawforge.resource.meta import Instant, Strict


class UpcomingKind(StrEnum):
    """Sorts of changes. `schedule-recurs` stands for all openings and closings of one schedule; `schedule-unknown` says
    from when on a schedule that fires too often was not looked at."""

    APPROVAL_ENDS = "approval-ends"
    ACCOUNT_EXPIRES = "account-expires"
    WAIVER_EXPIRES = "waiver-expires"
    TRIAL_ENDS = "trial-ends"
    SCHEDULE_OPENS = "schedule-opens"
    SCHEDULE_SHUTS = "schedule-shuts"
    SCHEDULE_ENDS = "schedule-ends"
    SCHEDULE_RECURS = "schedule-recurs"
    SCHEDULE_UNKNOWN = "schedule-unknown"
    VERSION_DEADLINE = "version-deadline"
    VERSION_GRACE_ENDS = "version-grace-ends"


class Upcoming(Strict):
    """One thing that changes by itself. `at` is the moment from which it is different, or the first of several;
    `times` is how often it happens in the time that was looked at, None if that is too often to be counted. `what`
    is one sentence about the resource at `address`; `pointer` is the place in it that says so.
    """

    at: Instant
    kind: UpcomingKind
    address: str
    pointer: str
    what: str
    times: int | None = 1
    file: str | None = None
    line: int | None = None


def placed(items: Iterable[Upcoming], positions: Positions) -> tuple[Upcoming, ...]:
    """The same with file and line, for resources whose place is known."""
    return tuple(_placed(item, positions) for item in items)


def _placed(item: Upcoming, positions: Positions) -> Upcoming:
    place = positions.get(item.address)
    if place is None:
        return item
    return item.model_copy(update={"file": place.file, "line": place.line_of(item.pointer)})
