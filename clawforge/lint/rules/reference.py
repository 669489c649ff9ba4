"""Every name that a resource uses must mean something, and mean one thing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.graph import check_references
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return check_references(context.resources, org=context.org, instances=context.instances, unusable=context.unusable)


RULE = Rule(
    id="reference",
    name="References must resolve",
    severity=Severity.ERROR,
    what="Names of users, groups, roles, policies, contexts and kinds that do not exist, policies that extend one "
    "another in a circle, two users with one email, and an Organization that is not the project's.",
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
