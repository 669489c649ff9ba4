"""An email address says who somebody is."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    return context.references.get("duplicate-email", ())


RULE = Rule(
    id="duplicate-email",
    name="Two users with one email",
    severity=Severity.ERROR,
    what="A User whose email another User already has, whatever the letter case.",
    why="People sign in with their address: with two users for it nobody knows whose groups and policies count.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: alicia}
spec: {email: alice@acme.example}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: alicia}
spec: {email: alicia@acme.example}
""",
    check=_check,
)
