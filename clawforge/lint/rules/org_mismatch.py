"""The files speak for one org, and call it by one name."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("org-mismatch", ())


RULE = Rule(
    id="org-mismatch",
    name="The Organization is the project's",
    severity=Severity.ERROR,
    what="An Organization whose name is not the `org` of clawforge.yaml.",
    why="The plan would be for one org and its settings for another.",
    bad="""\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme-labs}
spec: {displayName: Acme}
""",
    good="""\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
spec: {displayName: Acme}
""",
    check=_check,
)
