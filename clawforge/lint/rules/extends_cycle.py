"""A policy cannot be made of itself."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("extends-cycle", ())


RULE = Rule(
    id="extends-cycle",
    name="Policies must not extend in a circle",
    severity=Severity.ERROR,
    what="Policies that extend one another in a circle, or themselves.",
    why="What such a policy says cannot be worked out, so it could not be enforced.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, extends: [Policy/strict]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: strict}
spec: {appliesTo: {contexts: [work]}, extends: [Policy/everybody]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, extends: [Policy/strict]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: strict}
spec: {appliesTo: {contexts: [work]}}
""",
    check=_check,
)
