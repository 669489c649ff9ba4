"""The present moment as rules may ask about it, and for how long what they were told stays true.

Whoever keeps a report must know when it ends: with the day on which a waiver expires, at a deadline, at midnight where
a rule looks at the day. So rules get no clock reading, which they could use in any way, but something that answers two
questions and remembers between which moments every answer would have been the same.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

_FIRST = dt.datetime.min.replace(tzinfo=dt.UTC)
_LAST = dt.datetime.max.replace(tzinfo=dt.UTC)
_TICK = dt.datetime.resolution
_HOUR = dt.timedelta(hours=1)
_HOURS_OF_A_DAY = 24


class Span(NamedTuple):
    """The moments from `since`, inclusive, to `until`, exclusive; both in UTC."""

    since: dt.datetime
    until: dt.datetime

    def __contains__(self, moment: object) -> bool:
        return isinstance(moment, dt.datetime) and self.since <= moment < self.until


ALWAYS = Span(_FIRST, _LAST)


class Moment:
    """Compares with moments that have a time zone, and knows which day it is; gives away nothing else.

    `span` are the moments at which all that was asked so far would have been answered in the same way.
    """

    __slots__ = ("_at", "_days", "_since", "_until")

    def __init__(self, at: dt.datetime) -> None:
        self._at = at.astimezone(dt.UTC)
        self._since, self._until = ALWAYS
        self._days: dict[dt.tzinfo, dt.date] = {}

    def __ge__(self, other: dt.datetime) -> bool:
        return self._reached(other)

    def __lt__(self, other: dt.datetime) -> bool:
        return not self._reached(other)

    def __gt__(self, other: dt.datetime) -> bool:
        instant = _utc(other)
        return instant < _LAST and self._reached(instant + _TICK)

    def __le__(self, other: dt.datetime) -> bool:
        return not self > other

    def day(self, zone: dt.tzinfo) -> dt.date:
        """The day that it is in a time zone. On a day on which the zone's clocks change the answer is taken to hold for
        this moment only.
        """
        if zone not in self._days:
            local = self._at.astimezone(zone)
            self._days[zone] = local.date()
            self._narrow(_day_around(self._at, local) or Span(self._at, self._at + _TICK))
        return self._days[zone]

    @property
    def span(self) -> Span:
        """When the answers hold."""
        return Span(self._since, self._until)

    def _reached(self, other: dt.datetime) -> bool:
        instant = _utc(other)
        if self._at >= other:
            self._narrow(Span(instant, _LAST))
            return True
        self._narrow(Span(_FIRST, instant))
        return False

    def _narrow(self, span: Span) -> None:
        self._since = max(self._since, span.since)
        self._until = min(self._until, span.until)


def _utc(moment: dt.datetime) -> dt.datetime:
    """The moment in UTC; one that UTC cannot write is the first or the last that it can."""
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        return _FIRST if moment.year == dt.MINYEAR else _LAST


def _day_around(moment: dt.datetime, local: dt.datetime) -> Span | None:
    """The day of a local time, if the zone has one offset from UTC for all of it."""
    offset = local.utcoffset()
    assert offset is not None  # noqa: S101 - for the type checker; `astimezone` gives a zone
    try:
        since = dt.datetime.combine(local.date(), dt.time(), dt.UTC) - offset
        hours = [since + count * _HOUR for count in range(_HOURS_OF_A_DAY + 1)]
        steady = all(hour.astimezone(local.tzinfo).utcoffset() == offset for hour in (*hours[:-1], hours[-1] - _TICK))
    except OverflowError:  # The first or the last day that can be written.
        return None
    return Span(since, hours[-1]) if steady and since <= moment < hours[-1] else None
