"""A lease of seconds makes every hiccup an outage."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.freshness import written_offline
from clawforge.lint.rule import Rule
from clawforge.resource.meta import format_duration

_SHORTEST = 10


def _check(context: LintContext) -> Iterable[Finding]:
    for resource, offline in written_offline(context):
        if offline.lease is not None and offline.lease < _SHORTEST:
            yield Finding(
                "lease-too-short",
                resource.address,
                "/spec/offline/lease",
                f"A lease of {format_duration(offline.lease)} can end before an agent renews it.",
                "Use a minute or more; a kill reaches connected agents at once in any case.",
                Severity.WARNING,
            )


RULE = Rule(
    id="lease-too-short",
    name="A lease should outlast a hiccup",
    severity=Severity.WARNING,
    what="An `offline.lease` of less than ten seconds.",
    why="Agents renew a lease when a third of it is over. With seconds to spare, one slow answer or a restart of the "
    "server stops all work.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  offline: {lease: 5s}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  offline: {lease: 1m}
""",
    check=_check,
)
