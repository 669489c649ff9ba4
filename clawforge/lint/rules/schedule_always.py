"""A schedule that is always open switches nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.firing import cost_of_looking, may_never_shut, never_shuts, scheduled
from clawforge.lint.rule import Rule

_MOST_FIRINGS = 20_000
"""Firings that all schedules together are gone through."""


def _check(context: LintContext) -> Iterable[Finding]:
    left = _MOST_FIRINGS
    known: dict[str, bool] = {}
    for resource, schedule in scheduled(context):
        if not may_never_shut(schedule):
            continue
        key = schedule.model_dump_json()
        if key not in known:
            left -= cost_of_looking(schedule)
            known[key] = left >= 0 and never_shuts(schedule)
        if known[key]:
            yield Finding(
                "schedule-always",
                resource.address,
                "/spec/schedule/windows",
                "The windows leave no gap, so the schedule never switches.",
                "Shorten a window, or remove the schedule.",
                Severity.WARNING,
            )


RULE = Rule(
    id="schedule-always",
    name="A schedule should shut some time",
    severity=Severity.WARNING,
    what="Schedules whose cron windows cover the whole year without a gap. Where many schedules could do so, only the "
    "first fifty or so are looked at.",
    why="Somebody meant it to switch, and it never does; a window that was meant to be short is long.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: nights}
spec:
  appliesTo: everyone
  schedule: {windows: [{cron: 0 18 * * *, duration: 25h}]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: nights}
spec:
  appliesTo: everyone
  schedule: {windows: [{cron: 0 18 * * *, duration: 14h}]}
""",
    check=_check,
)
