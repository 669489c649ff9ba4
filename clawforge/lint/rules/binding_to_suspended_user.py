"""A right that waits for somebody who left."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.user import User, UserState


def _check(context: LintContext) -> Iterable[Finding]:
    suspended = {user.metadata.name for user in context.each(User) if user.spec.state is UserState.SUSPENDED}
    if not suspended:
        return
    for binding in context.each(RoleBinding):
        for index, written in enumerate(binding.spec.subjects.users):
            name = context.membership.user_name(written)
            if name in suspended:
                yield Finding(
                    "binding-to-suspended-user",
                    binding.address,
                    f"/spec/subjects/users/{index}",
                    f"`{name}` is suspended, and would hold the role `{binding.spec.role}` again once active.",
                    "Remove the user from the binding.",
                    Severity.WARNING,
                    (f"User/{name}",),
                )


RULE = Rule(
    id="binding-to-suspended-user",
    name="Suspended users should hold no role",
    severity=Severity.WARNING,
    what="Bindings that name a suspended user.",
    why="Whoever activates the user again, or declares somebody new under the name, grants the role without seeing it.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example, state: suspended}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: auditors}
spec: {role: auditor, subjects: {users: [alice]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: auditors}
spec: {role: auditor, subjects: {users: [alice]}}
""",
    check=_check,
)
