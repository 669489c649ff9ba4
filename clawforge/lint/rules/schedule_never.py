"""A schedule whose windows are all over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.firing import scheduled
from clawforge.lint.rule import Rule
from clawforge.resource.meta import format_instant
from clawforge.resource.targeting import Schedule, SpanWindow


def _check(context: LintContext) -> Iterable[Finding]:
    if context.now is None:
        return
    for resource, schedule in scheduled(context):
        end = _end(schedule)
        if end is not None and end <= context.now:
            yield Finding(
                "schedule-never",
                resource.address,
                "/spec/schedule/windows",
                f"This no longer applies: its last window ended at {format_instant(end)}.",
                "Remove it, or give it a new window.",
                Severity.WARNING,
            )


def _end(schedule: Schedule) -> dt.datetime | None:
    """When the last window ends; None if one does not."""
    ends = [window.until if isinstance(window, SpanWindow) else None for window in schedule.windows]
    dated = [end for end in ends if end is not None]
    return max(dated) if len(dated) == len(ends) else None


RULE = Rule(
    id="schedule-never",
    name="A schedule should have a future",
    severity=Severity.WARNING,
    what="Schedules all of whose windows ended before the present moment.",
    why="The resource will never apply again. It looks like a rule that holds.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: freeze}
spec:
  appliesTo: everyone
  schedule: {windows: [{from: 2020-12-20T00:00:00Z, until: 2021-01-03T00:00:00Z}]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: freeze}
spec:
  appliesTo: everyone
  schedule: {windows: [{from: 2020-12-20T00:00:00Z, until: 2999-01-03T00:00:00Z}]}
""",
    check=_check,
)
