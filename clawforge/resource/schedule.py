"""When the windows of a schedule are open: a pure function of time, in the wall-clock time of the schedule's
zone.

A cron window opens whenever its expression fires and stays open for `duration`, which counts real elapsed
time: a window of eight hours lasts eight hours on the night of a clock change too. Firing follows cronsim,
which follows Debian's cron:

- an expression with a fixed minute and hour (`30 2 * * *`) fires once a matching day: at the first minute
  after the gap if its own minute is skipped in spring, and at the first of the two passes if it is repeated
  in autumn;
- an expression with `*` in the minute or hour (`*/15 * * * *`) follows real time: never in the skipped hour,
  and in both passes of the repeated one.

Windows are closed on the left and open on the right: open at the firing, shut again `duration` later.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo

from clawforge.errors import InputError
from clawforge.resource.targeting import CronWindow, Schedule, SpanWindow

Interval = tuple[dt.datetime, dt.datetime]
"""From, inclusive, until, exclusive; both in UTC."""

_EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
_LATEST = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
_LONGEST_REPEAT = dt.timedelta(hours=3)
"""More than any clock was set back in the last fifty years."""


def is_open(schedule: Schedule, at: dt.datetime) -> bool:
    """Whether any window of the schedule is open at a moment.

    Raises InputError for a moment without a zone or outside the years 1901 to 8999.
    """
    moment = _in_range(at)
    for window in schedule.windows:
        if isinstance(window, CronWindow):
            # It is open exactly when it fired within the last `duration`; the first firing after that long
            # ago tells.
            since = moment - dt.timedelta(seconds=window.duration)
            fired = next(_firings(window.cron, schedule.timezone, since), None)
            if fired is not None and fired <= moment:
                return True
        elif (window.from_ is None or window.from_ <= moment) and (window.until is None or moment < window.until):
            return True
    return False


def boundaries(schedule: Schedule, start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    """The moments (UTC, ascending) strictly between `start` and `end` at which the schedule opens or shuts.

    Between two of them, and between them and the ends, it stays as it is. Raises InputError as `is_open`
    does.
    """
    begin, finish = _in_range(start), _in_range(end)
    edges = {edge for interval in _open_intervals(schedule, begin, finish) for edge in interval}
    return sorted(edge for edge in edges if begin < edge < finish)


def firings_a_day(schedule: Schedule) -> int:
    """How often its cron windows open on a day that they mean, at most."""
    return sum(times_a_day(window.cron) for window in schedule.windows if isinstance(window, CronWindow))


@lru_cache(maxsize=4096)
def times_a_day(cron: str) -> int:
    """How often a cron expression fires on a day that it means, at most."""
    from cronsim import CronSim

    fields = CronSim(cron, dt.datetime(2026, 1, 1))
    return len(fields.minutes) * len(fields.hours)


@lru_cache(maxsize=1024)
def _open_intervals(schedule: Schedule, start: dt.datetime, end: dt.datetime) -> tuple[Interval, ...]:
    """When the schedule is open around [start, end], as intervals that neither overlap nor touch."""
    found: list[Interval] = []
    for window in schedule.windows:
        if isinstance(window, CronWindow):
            found.extend(_cron_intervals(window, schedule.timezone, start, end))
        else:
            found.append(_span_interval(window))
    merged: list[Interval] = []
    for opens, shuts in sorted(found):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], shuts))
        else:
            merged.append((opens, shuts))
    return tuple(merged)


def _span_interval(window: SpanWindow) -> Interval:
    opens = window.from_.astimezone(dt.UTC) if window.from_ is not None else _EARLIEST
    shuts = window.until.astimezone(dt.UTC) if window.until is not None else _LATEST
    return opens, shuts


def _cron_intervals(window: CronWindow, zone: str, start: dt.datetime, end: dt.datetime) -> Iterator[Interval]:
    duration = dt.timedelta(seconds=window.duration)
    for fired in _firings(window.cron, zone, start - duration):
        if fired >= end:
            return
        yield fired, fired + duration


def _firings(cron: str, zone: str, after: dt.datetime) -> Iterator[dt.datetime]:
    """Every firing strictly after a moment, ascending, in UTC.

    cronsim walks the wall clock as if it never changed, and we place each time that it names in real time. Its own
    handling of clock changes depends on where it starts, so two walks over one night could disagree.
    """
    from cronsim import CronSim

    zone_info = ZoneInfo(zone)
    # The second pass of a repeated hour belongs to wall-clock times before `after`.
    wall = after.astimezone(zone_info).replace(tzinfo=None) - _LONGEST_REPEAT
    minute, hour = cron.split()[:2]
    real_time = minute.startswith("*") or hour.startswith("*")
    last = after
    again: deque[dt.datetime] = deque()
    for named in CronSim(cron, wall):
        first = named.replace(tzinfo=zone_info)
        second = first.replace(fold=1)
        fired = first.astimezone(dt.UTC)
        while again and again[0] < fired:
            repeated = again.popleft()
            if repeated > last:
                last = repeated
                yield repeated
        if first.utcoffset() != second.utcoffset():
            skipped = fired.astimezone(zone_info).replace(tzinfo=None) != named
            if skipped and real_time:
                continue
            if skipped:
                fired = _end_of_gap(named, zone_info)
            elif real_time:
                again.append(second.astimezone(dt.UTC))
        if fired > last:
            last = fired
            yield fired


def _end_of_gap(named: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first whole minute after a wall-clock time that was skipped."""
    while named.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) != named:
        named += dt.timedelta(minutes=1)
    return named.replace(tzinfo=zone).astimezone(dt.UTC)


def _in_range(at: dt.datetime) -> dt.datetime:
    if at.tzinfo is None:
        raise InputError("This moment has no time zone.", hint="Write it as 2026-11-20T10:00:00Z.")
    # Year numbers are compared first: converting the extremes of the calendar to UTC overflows.
    if not _EARLIEST.year < at.year < _LATEST.year:
        raise InputError(f"The year {at.year} is outside what schedules cover, 1901 to 8999.")
    return at.astimezone(dt.UTC)
