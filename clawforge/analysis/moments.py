"""Which schedules can be open at once: moments that stand for all others, and combinations that none of them shows.

Between two boundaries nothing changes, so the boundaries of the days to come, with all that is written as a span, stand
for every moment among them. Crons go on for ever; what they may do together on some later day is not known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from clawforge.resolve.targets import Target
from clawforge.resource.schedule import boundaries, is_open
from clawforge.resource.targeting import CronWindow, Schedule, SpanWindow

HORIZON = dt.timedelta(days=9)
"""More than a week, which is how often most crons repeat."""

_LONG_HORIZON = dt.timedelta(days=400)
_MOST_MOMENTS = 4_000
_MOST_OF_ONE = 400
_MOST_THRESHOLDS = 8
"""Thresholds after which the openings of crons are looked at again."""

_MOST_UNKNOWN = 6
"""Schedules whose combinations are all looked at; more would be too many."""

Key = tuple[Schedule | None, dt.datetime | None]
"""What decides when a target holds: its schedule, and when it lapses. Targets of one key hold together."""


def key_of(target: Target) -> Key:
    """The key of a target; `(None, None)` holds always."""
    return (target.schedule, target.lapses)


ALWAYS: Key = (None, None)


def holds_at(key: Key, at: dt.datetime) -> bool:
    """Whether what has this key holds at a moment."""
    schedule, lapses = key
    return (lapses is None or at < lapses) and (schedule is None or is_open(schedule, at))


@dataclass(frozen=True, slots=True)
class Cell:
    """The keys that hold at `at`. `proved` is False for a combination of crons that no moment in sight shows."""

    at: dt.datetime
    holding: frozenset[Key]
    proved: bool = True


class Moments:
    """Every moment that matters to some targets, from `since` on. `thresholds` are further moments at which something
    changes for good, such as the deadlines of version targets."""

    def __init__(self, keys: Iterable[Key], since: dt.datetime, thresholds: Iterable[dt.datetime] = ()) -> None:
        self._since = since
        ahead = {moment for moment in thresholds if moment > since}
        distinct = _distinct(keys)
        settled = {since, *ahead}.union(*(_edges(key, since) for key in distinct))
        starts = (since, *sorted(ahead)[:_MOST_THRESHOLDS])
        recurring = set[dt.datetime]().union(*(_openings(key, start) for key in distinct for start in starts))
        # Spans are taken to be shown completely, so only crons may be cut off.
        self._moments = sorted({*settled, *sorted(recurring)[:_MOST_MOMENTS]})
        self._holding: Mapping[Key, int] = {
            key: self._mask(holds_at(key, moment) for moment in self._moments) for key in distinct
        }
        self._passed = [self._mask(moment >= threshold for moment in self._moments) for threshold in sorted(ahead)]

    def cells(self, keys: Iterable[Key]) -> Iterator[Cell]:
        """Every combination of these keys that some moment shows, between any two thresholds; the earliest each."""
        for stretch in self._stretches:
            yield from self._cells_within(stretch, keys)

    @property
    def _stretches(self) -> list[int]:
        """The moments between any two thresholds."""
        stretches = [self._mask(True for _ in self._moments)]
        for passed in self._passed:
            stretches = [part for mask in stretches for part in (mask & passed, mask & ~passed) if part]
        return stretches

    def _cells_within(self, stretch: int, keys: Iterable[Key]) -> Iterator[Cell]:
        parts: list[tuple[int, frozenset[Key]]] = [(stretch, frozenset())]
        for key in _distinct(keys):
            holds = self._holding[key]
            parts = [
                (part, joined)
                for mask, holding in parts
                for part, joined in ((mask & holds, holding | {key}), (mask & ~holds, holding))
                if part
            ]
        for mask, holding in parts:
            yield Cell(self._first(mask), holding)

    def _first(self, mask: int) -> dt.datetime:
        return self._moments[(mask & -mask).bit_length() - 1]

    @staticmethod
    def _mask(values: Iterable[bool]) -> int:
        return sum(1 << index for index, value in enumerate(values) if value)

    def unproved(self, keys: Iterable[Key]) -> Iterator[Cell]:
        """The combinations that no moment between two thresholds shows and that crons might still make. Raises
        OverflowError for too many."""
        distinct = _distinct(keys)
        if not any(_recurs(key) for key in distinct):
            return
        if len(distinct) > _MOST_UNKNOWN:
            raise OverflowError
        for stretch in self._stretches:
            shown = {cell.holding for cell in self._cells_within(stretch, distinct)}
            for choice in product((False, True), repeat=len(distinct)):
                holding = frozenset(key for key, holds in zip(distinct, choice, strict=True) if holds)
                if holding not in shown and self._conceivable(distinct, holding, shown):
                    yield Cell(self._first(stretch), holding, proved=False)

    def _conceivable(self, keys: Sequence[Key], holding: frozenset[Key], shown: set[frozenset[Key]]) -> bool:
        """What is not written as a cron is shown completely, so its part of the combination must have been seen."""
        settled = frozenset(key for key in keys if not _recurs(key))
        return any(seen & settled == holding & settled for seen in shown)


def _distinct(keys: Iterable[Key]) -> list[Key]:
    return sorted({key for key in keys if key != ALWAYS}, key=repr)


def _recurs(key: Key) -> bool:
    schedule = key[0]
    return schedule is not None and any(isinstance(window, CronWindow) for window in schedule.windows)


def _edges(key: Key, since: dt.datetime) -> Iterator[dt.datetime]:
    """The moments after `since` at which something with this key begins or ends to hold by a span or a lapse."""
    schedule, lapses = key
    if lapses is not None and lapses > since:
        yield lapses
    for window in schedule.windows if schedule is not None else ():
        if isinstance(window, SpanWindow):
            yield from (edge for edge in (window.from_, window.until) if edge is not None and edge > since)


def _openings(key: Key, since: dt.datetime) -> Iterator[dt.datetime]:
    """The moments after `since` at which something with this key begins or ends to hold, as far ahead as is looked."""
    schedule = key[0]
    if schedule is None or not _recurs(key):
        return
    ahead = _LONG_HORIZON if all(_is_seldom(window) for window in schedule.windows) else HORIZON
    yield from islice(boundaries(schedule, since, since + ahead), _MOST_OF_ONE)


def _is_seldom(window: CronWindow | SpanWindow) -> bool:
    """Whether a window opens at most a few times a day and not on every day of the year alike."""
    if isinstance(window, SpanWindow):
        return True
    minute, hour, day, month, _ = window.cron.split()[:5]
    return minute.isdigit() and hour.isdigit() and (day, month) != ("*", "*")
