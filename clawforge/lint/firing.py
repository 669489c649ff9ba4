"""Schedules seen from afar: how often they fire, whether they ever shut, and where clock changes hit them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clawforge.lint.context import LintContext
from clawforge.resource.invariant import InvariantSpec
from clawforge.resource.meta import Resource
from clawforge.resource.schedule import boundaries, firings_a_day, is_open, times_a_day
from clawforge.resource.targeting import CronWindow, Schedule, Targeted

_DAY = dt.timedelta(days=1)
_WEEK = dt.timedelta(days=7)
_YEAR = dt.timedelta(days=366)
_DAY_SECONDS = 86_400
_OFTEN = 100
"""Firings a day up to which a whole year is gone through."""
# Cron expressions repeat after a year but for the days of the week, so any year tells nearly all.
_ANY_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class ClockChange(NamedTuple):
    """One change of a zone's clocks: the wall-clock times from `start` until `end` are skipped or come twice."""

    start: dt.datetime
    end: dt.datetime
    skipped: bool


def scheduled(context: LintContext) -> Iterator[tuple[Resource, Schedule]]:
    """The resources that have a schedule."""
    for resource in context.resources:
        if isinstance(resource.spec, Targeted | InvariantSpec) and resource.spec.schedule is not None:
            yield resource, resource.spec.schedule


def may_never_shut(schedule: Schedule) -> bool:
    """Whether its cron windows are long enough, taken together, to cover a day; a cheap first look."""
    return sum(times_a_day(window.cron) * window.duration for window in _cron_windows(schedule)) >= _DAY_SECONDS


def cost_of_looking(schedule: Schedule) -> int:
    """How many firings `never_shuts` goes through at most."""
    return firings_a_day(schedule) * sum((end - start).days for start, end in _telling(schedule))


def never_shuts(schedule: Schedule) -> bool:
    """Whether its cron windows leave no moment of a year uncovered. False where nobody can say: a schedule that fires
    very often is told by the weeks in which clocks change, and only if it does the same every day.
    """
    windows = _cron_windows(schedule)
    if not windows:
        return False
    crons = schedule.model_copy(update={"windows": windows})
    telling = _telling(crons)
    return bool(telling) and all(is_open(crons, start) and not boundaries(crons, start, end) for start, end in telling)


def _telling(schedule: Schedule) -> list[tuple[dt.datetime, dt.datetime]]:
    """The stretches of time that tell about a year."""
    year = (_ANY_YEAR + _WEEK, _ANY_YEAR + _YEAR)
    first = (_ANY_YEAR, _ANY_YEAR + _WEEK)
    if firings_a_day(schedule) <= _OFTEN:
        return [first, year]
    if any(window.cron.split()[2:] != ["*", "*", "*"] for window in _cron_windows(schedule)):
        return []
    changes = clock_changes(schedule.timezone, _ANY_YEAR.date())
    days = [change.start.replace(tzinfo=dt.UTC) for change in changes]
    return [first, *((day - 2 * _DAY, day + 2 * _DAY) for day in days)]


def _cron_windows(schedule: Schedule) -> tuple[CronWindow, ...]:
    return tuple(window for window in schedule.windows if isinstance(window, CronWindow))


@lru_cache(maxsize=1024)
def clock_changes(zone: str, start: dt.date) -> tuple[ClockChange, ...]:
    """The changes of a zone's clocks within a year from a day on, to the minute."""
    info = ZoneInfo(zone)
    moment = dt.datetime.combine(start, dt.time(), dt.UTC)
    end = moment + _YEAR
    found = []
    while moment < end:
        if _offset(moment, info) != _offset(moment + _DAY, info):
            found.append(_change_within(moment, info))
        moment += _DAY
    return tuple(found)


def hit(cron: str, change: ClockChange) -> dt.datetime | None:
    """The wall-clock time at which an expression fires among those that a change skips or repeats; None if it does not,
    or if it fires in every hour and so follows real time.
    """
    from cronsim import CronSim

    if cron.split()[1].startswith("*"):
        return None
    named = next(iter(CronSim(cron, change.start - dt.timedelta(minutes=1))), None)
    return named if named is not None and change.start <= named < change.end else None


def _change_within(before: dt.datetime, zone: ZoneInfo) -> ClockChange:
    """The change in the day after a moment, found by halving."""
    low, high = 0, 24 * 60
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + dt.timedelta(minutes=middle), zone) == _offset(before, zone):
            low = middle
        else:
            high = middle
    at = before + dt.timedelta(minutes=high)
    old, new = _offset(before, zone), _offset(at, zone)
    naive = at.replace(tzinfo=None)
    return ClockChange(naive + min(old, new), naive + max(old, new), new > old)


def _offset(moment: dt.datetime, zone: ZoneInfo) -> dt.timedelta:
    return moment.astimezone(zone).utcoffset() or dt.timedelta()
