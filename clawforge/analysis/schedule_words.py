"""The cron windows of a schedule in words."""

from __future__ import annotations

import re

from clawforge.resource.meta import format_duration
from clawforge.resource.targeting import CronWindow, Schedule

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PLAIN_DAYS = re.compile(r"[0-7](-[0-7])?(,[0-7](-[0-7])?)*")
_MOST_WINDOWS = 3


def recurrence(schedule: Schedule) -> str:
    """When it opens again and again: `daily at 18:00 for 14h (Europe/Berlin)`; empty without a cron window."""
    windows = [window for window in schedule.windows if isinstance(window, CronWindow)]
    if not windows:
        return ""
    if len(windows) > _MOST_WINDOWS:
        return f"by {len(windows)} cron expressions ({schedule.timezone})"
    return f"{' and '.join(map(_window, windows))} ({schedule.timezone})"


def _window(window: CronWindow) -> str:
    minute, hour, day, month, weekday = window.cron.split()
    length = f"for {format_duration(window.duration)}"
    if not (minute.isdecimal() and hour.isdecimal() and day == month == "*"):
        return f"by `{' '.join(window.cron.split())}` {length}"
    time = f"at {int(hour):02}:{int(minute):02} {length}"
    if weekday == "*":
        return f"daily {time}"
    return f"on {_days(weekday)} {time}"


def _days(weekday: str) -> str:
    """`1-5` -> `Mon-Fri`; names and rarer spellings stay as they are."""
    if not _PLAIN_DAYS.fullmatch(weekday):
        return weekday.title() if weekday.replace("-", "").replace(",", "").isalpha() else f"`{weekday}`"
    return re.sub("[0-7]", lambda digit: _DAYS[int(digit[0])], weekday).replace(",", ", ")
