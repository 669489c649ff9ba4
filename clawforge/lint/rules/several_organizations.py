"""A project speaks for one org."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("several-organizations", ())


RULE = Rule(
    id="several-organizations",
    name="One Organization a project",
    severity=Severity.ERROR,
    what="A second Organization, and every further one.",
    why="Time zone, contexts and offline rules hold for everybody: with two of them nobody knows which.",
    bad="""\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
spec: {contexts: [work]}
---
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme-labs}
spec: {contexts: [lab]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
spec: {contexts: [lab, work]}
""",
    check=_check,
)
