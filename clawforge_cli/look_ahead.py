"""Looking ahead in the files of a project: `--at` and `--until`, and what changes by itself until then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.errors import InputError

if TYPE_CHECKING:
    from clawforge.analysis.upcoming import Upcoming
    from clawforge.load.project import Project

_FARTHEST = dt.timedelta(days=100 * 366)
_HOW = "Write a duration such as 30d, a day such as 2026-12-01, or a moment such as 2026-12-01T18:00:00Z."

Horizon = dt.datetime | dt.date
"""How far somebody wants to look: to a moment with a zone, or to a day, which is one in the org's zone."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What changes by itself until a horizon, with where it is written. `until` says the horizon in words."""

    until: str
    items: tuple[Upcoming, ...]


def parse_horizon(text: str, now: dt.datetime) -> Horizon:
    """A duration from now on, a day, or a moment in RFC 3339; one without a zone is UTC. Raises InputError."""
    from clawforge.resource.meta import parse_duration

    try:
        if text[-1:] in tuple("dhms"):
            return now + dt.timedelta(seconds=parse_duration(text))
        if len(text) == len("2026-12-01"):
            return dt.date.fromisoformat(text)
        moment = dt.datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or dt.UTC).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{text!r} is no time to look ahead to.", hint=_HOW) from error


def first_moment(horizon: Horizon, project: Project, now: dt.datetime) -> dt.datetime:
    """The moment, or the first one of the day. Raises InputError for what is past or a hundred years away."""
    return _within(horizon, dt.time.min, project, now)


def last_moment(horizon: Horizon, project: Project, now: dt.datetime) -> dt.datetime:
    """The moment, or the last one of the day. Raises InputError for what is past or a hundred years away."""
    return _within(horizon, dt.time.max, project, now)


def _within(horizon: Horizon, time: dt.time, project: Project, now: dt.datetime) -> dt.datetime:
    from clawforge.analysis.forecast import organization_zone

    if abs(_day_of(horizon) - now.date()) > _FARTHEST:
        raise InputError(f"{in_words(horizon)} is more than a hundred years away.", hint=_HOW)
    moment = horizon
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, time, organization_zone(project.values)).astimezone(dt.UTC)
    if moment <= now:
        raise InputError(f"{in_words(horizon)} does not lie ahead.", hint=_HOW)
    return moment


def _day_of(horizon: Horizon) -> dt.date:
    return horizon.date() if isinstance(horizon, dt.datetime) else horizon


def in_words(horizon: Horizon) -> str:
    """The day, or the moment to the second."""
    from clawforge.resource.meta import format_instant

    if isinstance(horizon, dt.datetime):
        return format_instant(horizon.replace(microsecond=0))
    return horizon.isoformat()


def outlook(project: Project, horizon: Horizon, now: dt.datetime, end: dt.datetime) -> Outlook:
    """What changes by itself after now and up to the end, which is a moment of the horizon."""
    from clawforge.analysis.forecast import forecast
    from clawforge.analysis.upcoming import placed

    found = forecast(project.values, now, end)
    places = {item.address: project.by_address[item.address].position() for item in found}
    return Outlook(in_words(horizon), placed(found, places))
