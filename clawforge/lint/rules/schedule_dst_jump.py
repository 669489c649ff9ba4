"""An hour that does not exist, and one that comes twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.firing import clock_changes, hit, scheduled
from clawforge.lint.rule import Rule
from clawforge.resource.targeting import CronWindow


def _check(context: LintContext) -> Iterable[Finding]:
    if context.now is None:
        return
    today = context.now.day(dt.UTC)
    for resource, schedule in scheduled(context):
        for index, window in enumerate(schedule.windows):
            told = _told(window.cron, schedule.timezone, today) if isinstance(window, CronWindow) else None
            if told is not None:
                yield Finding(
                    "schedule-dst-jump",
                    resource.address,
                    f"/spec/schedule/windows/{index}/cron",
                    told,
                    "Choose an hour that every day has once, or write the schedule in the zone UTC.",
                    Severity.WARNING,
                )


@lru_cache(maxsize=4096)
def _told(cron: str, zone: str, today: dt.date) -> str | None:
    for change in clock_changes(zone, today):
        named = hit(cron, change)
        if named is None:
            continue
        when = f"On {named:%Y-%m-%d} {named:%H:%M} in {zone}"
        repeated = cron.startswith("*")
        if change.skipped:
            return f"{when} does not exist: the window {'does not open then' if repeated else 'opens late'}."
        return f"{when} comes twice: the window opens {'both times' if repeated else 'the first time only'}."
    return None


RULE = Rule(
    id="schedule-dst-jump",
    name="Windows should not open while clocks change",
    severity=Severity.WARNING,
    what="Cron windows that, within a year from now, open at a time of day which the zone skips or repeats as its "
    "clocks change. Expressions for every hour follow real time and are no such case.",
    why="In spring the window opens late or, with a `*` in its minutes, not at all; in autumn it can open twice.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: nights}
spec:
  appliesTo: everyone
  schedule: {timezone: Europe/Berlin, windows: [{cron: 30 2 * * *, duration: 1h}]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: nights}
spec:
  appliesTo: everyone
  schedule: {timezone: Europe/Berlin, windows: [{cron: 30 3 * * *, duration: 1h}]}
""",
    check=_check,
)
