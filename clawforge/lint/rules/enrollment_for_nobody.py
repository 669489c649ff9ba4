"""A template from which no token can be minted."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.enrollment import Enrollment
from clawforge.resource.group import Group
from clawforge.resource.user import User, UserState


def _check(context: LintContext) -> Iterable[Finding]:
    users = {user.metadata.name: user.spec.state for user in context.each(User)}
    listed: dict[str, set[str]] = {
        group.metadata.name: {context.membership.user_name(name) for name in group.spec.members.users}
        for group in context.each(Group)
    }
    for template in context.each(Enrollment):
        spec = template.spec
        wanted = {context.membership.user_name(name) for name in spec.users}
        # What is not declared at all is another rule's to say.
        if not (spec.users or spec.members) or wanted - users.keys() or set(spec.members) - listed.keys():
            continue
        wanted.update(*(listed[name] for name in spec.members))
        if not any(users.get(name) is UserState.ACTIVE for name in wanted):
            yield Finding(
                "enrollment-for-nobody",
                template.address,
                "/spec/users" if spec.users else "/spec/members",
                "Nobody active is listed, so no token can be minted from this template.",
                "Name active users, or groups that list some; who is in a group by a claim or tag does not count here.",
                Severity.WARNING,
            )


RULE = Rule(
    id="enrollment-for-nobody",
    name="Enrollments should be for somebody",
    severity=Severity.WARNING,
    what="Enrollments whose `users` and `members` hold no active user.",
    why="A machine acts for a declared, active user. The template fails on the day on which somebody needs it.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: ada}
spec: {email: ada@acme.example, state: suspended}
---
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: build-servers}
spec: {users: [ada]}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: ada}
spec: {email: ada@acme.example}
---
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: build-servers}
spec: {users: [ada]}
""",
    check=_check,
)
