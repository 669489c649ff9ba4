"""A role that comes with the product cannot be made anew."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("built-in-role", ())


RULE = Rule(
    id="built-in-role",
    name="Built-in roles cannot be declared",
    severity=Severity.ERROR,
    what="A Role with the name of a built-in one, such as `owner`, `admin` or `auditor`.",
    why="Whoever binds the name would get rights that another file decides.",
    bad="""\
apiVersion: clawforge/v1
kind: Role
metadata: {name: owner}
spec: {permissions: ['plans:read']}
""",
    good="""\
apiVersion: clawforge/v1
kind: Role
metadata: {name: release-manager}
spec: {permissions: ['plans:read']}
""",
    check=_check,
)
