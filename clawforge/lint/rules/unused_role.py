"""A role that no binding gives to anybody."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.role import Role
from clawforge.resource.role_binding import RoleBinding


def _check(context: LintContext) -> Iterable[Finding]:
    bound = {binding.spec.role for binding in context.each(RoleBinding)}
    for role in context.each(Role):
        name = role.metadata.name
        if name not in bound:
            yield Finding(
                "unused-role",
                role.address,
                "/metadata/name",
                f"No RoleBinding gives the role `{name}` to anybody.",
                "Bind it, or remove it.",
                Severity.WARNING,
            )


RULE = Rule(
    id="unused-role",
    name="Roles should be bound",
    severity=Severity.WARNING,
    what="Declared roles that no RoleBinding names.",
    why="An unused role grants nothing today, and whatever it has gathered to the first person who binds it without "
    "reading it.",
    bad="""\
apiVersion: clawforge/v1
kind: Role
metadata: {name: fleet-operator}
spec: {permissions: ['instances:read']}
""",
    good="""\
apiVersion: clawforge/v1
kind: Role
metadata: {name: fleet-operator}
spec: {permissions: ['instances:read']}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: fleet}
spec: {role: fleet-operator, subjects: {users: [alice]}}
""",
    check=_check,
)
