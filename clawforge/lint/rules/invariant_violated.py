"""What must hold for everybody holds for everybody, or it is refuted by somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.invariant import Invariant


def _check(context: LintContext) -> Iterable[Finding]:
    if context.now is None or not any(context.each(Invariant)):
        return
    if not context.is_whole:
        return
    from clawforge.lint.invariant_findings import invariant_findings

    today = dt.datetime.combine(context.now.day(dt.UTC), dt.time(), dt.UTC)
    yield from invariant_findings(context.resources, today)


RULE = Rule(
    id="invariant-violated",
    name="Invariants must hold",
    severity=Severity.ERROR,
    what="Invariants that somebody violates from today on: a subject who is known, or one who may still come, with any "
    "groups, tags, agent and context. The finding names one, with the call. An invariant of which it cannot be decided "
    "whether it holds is reported too. With `enforcement: warn` both are warnings.",
    why="An invariant is what the people who wrote it rely on. A change that breaks it is refused.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: contractors}
---
apiVersion: clawforge/v1
kind: Invariant
metadata: {name: no-shell-for-contractors}
spec:
  appliesTo: {groups: [contractors]}
  forbid: {tools: [exec]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: contractors}
spec: {mode: guardrail, appliesTo: {groups: [contractors]}, tools: {deny: [exec]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: contractors}
---
apiVersion: clawforge/v1
kind: Invariant
metadata: {name: no-shell-for-contractors}
spec:
  appliesTo: {groups: [contractors]}
  forbid: {tools: [exec]}
""",
    check=_check,
)
