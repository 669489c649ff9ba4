"""A name means one resource."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("duplicate-resource", ())


RULE = Rule(
    id="duplicate-resource",
    name="Names are unique within a kind",
    severity=Severity.ERROR,
    what="Two resources of one kind with one name, in one file or in two.",
    why="References and plans speak of resources by kind and name: one of the two would silently not count.",
    bad="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering}
spec: {members: {users: []}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering}
spec: {description: All of them.}
""",
    good="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering-leads}
""",
    check=_check,
)
