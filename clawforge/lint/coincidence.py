"""Whether two schedules are ever open at once, told without a clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache

from clawforge.resource.schedule import Interval, boundaries, is_open
from clawforge.resource.targeting import Schedule, SpanWindow

_YEAR = dt.timedelta(days=366)
# Cron expressions repeat after a year but for the days of the week, so any year tells nearly all.
_ANY_YEAR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_FIRST = dt.datetime(1902, 1, 1, tzinfo=dt.UTC)
_LAST = dt.datetime(8998, 1, 1, tzinfo=dt.UTC)


def may_coincide(left: Schedule | None, right: Schedule | None) -> bool:
    """Whether both can be open at one moment; None is always open.

    Looks at one year, and at up to a year around every dated window, so it can miss two yearly windows that meet only
    when a date falls on a certain day of the week.
    """
    if left is None or right is None or left == right:
        return True
    return any(_meet(left, right, start, end) for start, end in _periods(left, right))


def _periods(left: Schedule, right: Schedule) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Dated windows are looked at from their beginning, or up to their end if they have none."""
    yield _ANY_YEAR, _ANY_YEAR + _YEAR
    for window in (*left.windows, *right.windows):
        if isinstance(window, SpanWindow):
            if window.from_ is not None:
                start = min(max(window.from_.astimezone(dt.UTC), _FIRST), _LAST - _YEAR)
                yield start, start + _YEAR
            if window.until is not None:
                end = max(min(window.until.astimezone(dt.UTC), _LAST), _FIRST + _YEAR)
                yield end - _YEAR, end


def _meet(left: Schedule, right: Schedule, start: dt.datetime, end: dt.datetime) -> bool:
    ours, theirs = _intervals(left, start, end), _intervals(right, start, end)
    first = second = 0
    while first < len(ours) and second < len(theirs):
        if max(ours[first][0], theirs[second][0]) < min(ours[first][1], theirs[second][1]):
            return True
        if ours[first][1] <= theirs[second][1]:
            first += 1
        else:
            second += 1
    return False


@lru_cache(maxsize=512)
def _intervals(schedule: Schedule, start: dt.datetime, end: dt.datetime) -> tuple[Interval, ...]:
    """The open stretches of a period: at every boundary the schedule turns from open to shut or back."""
    edges = [start] if is_open(schedule, start) else []
    edges += boundaries(schedule, start, end)
    if len(edges) % 2:
        edges.append(end)
    return tuple(zip(edges[::2], edges[1::2], strict=True))
