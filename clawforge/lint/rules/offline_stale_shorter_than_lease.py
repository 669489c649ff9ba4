"""A lease that its own policy cuts short."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.freshness import freshness_values
from clawforge.lint.rule import Rule
from clawforge.resource.meta import format_duration


def _check(context: LintContext) -> Iterable[Finding]:
    for address, written, held in freshness_values(context):
        if held.max_stale >= held.lease:
            continue
        field = "maxStale" if written.max_stale is not None else "lease"
        yield Finding(
            "offline-stale-shorter-than-lease",
            address,
            f"/spec/offline/{field}",
            f"`maxStale` ({format_duration(held.max_stale)}) is shorter than `lease` ({format_duration(held.lease)}), "
            "so the policy ends before its lease does.",
            "Make `maxStale` at least as long as `lease`.",
            Severity.WARNING,
        )


RULE = Rule(
    id="offline-stale-shorter-than-lease",
    name="A policy should not end before its lease",
    severity=Severity.WARNING,
    what="Base policies and organizations whose `offline.maxStale` is shorter than `offline.lease`, counting what "
    "they extend, the organization and the built-in values, and what narrows for everyone.",
    why="Both count from the moment the lease was issued, and the policy ends with the earlier. An agent that "
    "loses its connection then stops before its lease ends, and `mode: cached` means nothing.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  offline: {lease: 10m, maxStale: 5m}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  offline: {lease: 5m, maxStale: 10m}
""",
    check=_check,
)
