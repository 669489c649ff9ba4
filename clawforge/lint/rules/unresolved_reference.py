"""Every name that a resource uses must mean something."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("unresolved-reference", ())


RULE = Rule(
    id="unresolved-reference",
    name="References must resolve",
    severity=Severity.ERROR,
    what="Names of users, groups, roles, service accounts, policies, contexts and kinds that do not exist.",
    why="A policy for a group that does not exist protects nobody, and nobody would notice.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: engineering}
spec: {appliesTo: {groups: [enginering]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: engineering}
spec: {appliesTo: {groups: [engineering]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering}
""",
    check=_check,
)
