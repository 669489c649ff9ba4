"""A lease of hours is how long a cut-off agent is sure of itself."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.freshness import freshness_values
from clawforge.lint.rule import Rule
from clawforge.resource.meta import format_duration

_LONGEST = 3_600


def _check(context: LintContext) -> Iterable[Finding]:
    for address, written, held in freshness_values(context):
        if written.lease is not None and held.lease > _LONGEST:
            yield Finding(
                "lease-too-long",
                address,
                "/spec/offline/lease",
                f"For {format_duration(written.lease)} an agent that hears nothing counts as up to date.",
                "Use an hour or less; how long it may go on without the server is `maxStale`.",
                Severity.WARNING,
            )


RULE = Rule(
    id="lease-too-long",
    name="A lease should end soon",
    severity=Severity.WARNING,
    what="An `offline.lease` of more than an hour in a base policy or an organization, unless an overlay or "
    "guardrail for everyone gives a shorter one.",
    why="Until its lease ends an agent that hears nothing goes on as if all were well: no kill and no new policy "
    "reaches it.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  offline: {lease: 8h}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  offline: {lease: 5m, maxStale: 8h}
""",
    check=_check,
)
