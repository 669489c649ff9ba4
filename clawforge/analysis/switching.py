"""When schedules open and shut, one moment after another, for as long as that can be afforded."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clawforge.resource.schedule import boundaries, firings_a_day, is_open, times_a_day
from clawforge.resource.targeting import CronWindow, Schedule, SpanWindow

MOST_SWITCHES = 2_000
"""Of one schedule; more of them say nothing more to anybody."""

TICK = dt.timedelta.resolution
_DAY_SECONDS = 86_400
_FIRINGS_OF_A_STEP = 1_500
_MOST_FIRINGS = 20_000
"""Of one schedule: a fifth of a second."""
_LONGEST_STEP = dt.timedelta(days=1_000)


@dataclass(frozen=True, slots=True)
class Switch:
    """A schedule opens, or shuts. `fixed`: because a window begins or ends that is written with its moment."""

    at: dt.datetime
    opens: bool
    fixed: bool


@dataclass(frozen=True, slots=True)
class Switches:
    """The switches up to `known_until`, ascending. That lies before the end that was asked for if the schedule fires
    too often; of what is fixed everything is there all the same."""

    found: tuple[Switch, ...]
    known_until: dt.datetime


class SwitchFinder:
    """Looks at schedules within one stretch of time: after `start`, up to and including `end`. Remembers what it found.
    `firings` bounds the work on all schedules together."""

    def __init__(self, start: dt.datetime, end: dt.datetime, firings: int = 20 * _MOST_FIRINGS) -> None:
        self._start, self._end = start, end
        self._left = firings
        self._known: dict[Schedule, Switches] = {}

    def of(self, schedule: Schedule) -> Switches:
        """The switches of a schedule. Raises InputError as `boundaries` does."""
        known = self._known.get(schedule)
        if known is None:
            known = self._known[schedule] = self._found(schedule)
        return known

    def _found(self, schedule: Schedule) -> Switches:
        moments, known_until = self._walk(schedule)
        fixed = {edge for edge in _span_edges(schedule) if self._start < edge <= self._end}
        opens = is_open(schedule, self._start)
        found = []
        for moment in moments:
            opens = not opens
            found.append(Switch(moment, opens, moment in fixed))
        for edge in sorted(fixed):
            now = is_open(schedule, edge)
            if edge > known_until and now != is_open(schedule, edge - TICK):
                found.append(Switch(edge, now, fixed=True))
        return Switches(tuple(found), known_until)

    def _walk(self, schedule: Schedule) -> tuple[list[dt.datetime], dt.datetime]:
        """All switches from the start on, and how far that goes. In steps, so that a schedule that fires every minute
        costs no more for a year than for a day."""
        step = min(_LONGEST_STEP, dt.timedelta(days=_FIRINGS_OF_A_STEP / max(1, firings_a_day(schedule))))
        cost = _cost(schedule, step)
        left = min(self._left, _MOST_FIRINGS)
        moments: list[dt.datetime] = []
        seen = self._start
        while seen < self._end and left >= cost and len(moments) < MOST_SWITCHES:
            until = min(self._end, seen + step)
            moments += boundaries(schedule, seen, until + TICK)
            seen = until
            left -= cost
            self._left -= cost
        return moments, seen


def _cost(schedule: Schedule, step: dt.timedelta) -> int:
    """Firings that are looked at to learn about a stretch of time: also those before it that are still open."""
    return sum(
        times_a_day(window.cron) * (step.days + 1 + window.duration // _DAY_SECONDS + 1)
        for window in schedule.windows
        if isinstance(window, CronWindow)
    )


def _span_edges(schedule: Schedule) -> set[dt.datetime]:
    return {
        edge
        for window in schedule.windows
        if isinstance(window, SpanWindow)
        for edge in (window.from_, window.until)
        if edge is not None
    }


def never_opens_after(schedule: Schedule, at: dt.datetime) -> bool:
    """Whether every window is over for good at a moment."""
    return all(
        isinstance(window, SpanWindow) and window.until is not None and window.until <= at
        for window in schedule.windows
    )
