"""A base policy that nobody can start from."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.proofs.unreachable_bases:
        yield Finding(
            "unreachable-base",
            policy.address,
            "/spec/appliesTo",
            "Nobody starts from this base: whoever matches it also matches one that is more specific or has a higher "
            "priority.",
            "Give it a more specific selector or a higher `priority`, or remove it.",
            Severity.WARNING,
        )


RULE = Rule(
    id="unreachable-base",
    name="Somebody should be able to start from every base",
    severity=Severity.WARNING,
    what="Base policies that somebody matches and nobody starts from, at any time, since another base always comes "
    "first; proved also for people and machines that do not exist yet. Policies that others extend are left out.",
    why="A base that nobody starts from decides nothing, whatever it says.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: old}
spec: {appliesTo: everyone, tools: {deny: [exec]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: new}
spec: {appliesTo: everyone, priority: 200}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, tools: {deny: [exec]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: developers}
spec: {appliesTo: {groups: [developers]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: developers}
""",
    check=_check,
)
