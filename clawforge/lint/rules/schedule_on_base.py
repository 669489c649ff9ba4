"""Outside of its hours a base policy leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    always = {str(base.spec.applies_to) for base in context.bases if base.spec.schedule is None}
    if "everyone" in always:
        return
    for base in context.bases:
        if base.spec.schedule is not None and str(base.spec.applies_to) not in always:
            yield Finding(
                "schedule-on-base",
                base.address,
                "/spec/schedule",
                "Outside of this schedule no base policy is certain to apply, and without one nothing is allowed.",
                "Add a base without a schedule for the same selector, or for everyone, that says what holds then.",
                Severity.NOTE,
            )


RULE = Rule(
    id="schedule-on-base",
    name="A base with hours needs another behind it",
    severity=Severity.NOTE,
    what="Base policies with a schedule where no base without one is for the same selector or for everyone.",
    why="Who has no base may do nothing. Outside of the schedule that may be everybody whom this policy is for.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: working-hours}
spec:
  appliesTo: everyone
  schedule: {windows: [{cron: 0 8 * * 1-5, duration: 10h}]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: working-hours}
spec:
  appliesTo: everyone
  priority: 200
  schedule: {windows: [{cron: 0 8 * * 1-5, duration: 10h}]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: otherwise}
spec:
  appliesTo: everyone
  exec: {mode: deny}
""",
    check=_check,
)
