"""An organization that nobody administers."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rights import administrating_roles
from clawforge.lint.rule import Rule
from clawforge.resource.group import Group
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.user import User, UserState


def _check(context: LintContext) -> Iterable[Finding]:
    bindings = list(context.each(RoleBinding))
    if not bindings:
        return
    roles = administrating_roles(context)
    administrating = [binding for binding in bindings if binding.spec.role in roles]
    hint = "Bind `owner` or `admin` to at least one active user, or to a group that has one."
    if not administrating:
        message = "Bindings give roles here, but none gives anybody the role `owner` or `admin`."
        yield Finding("last-owner-removed", bindings[0].address, "/spec/role", message, hint, Severity.NOTE)
        return
    people = _People(context)
    if not any(people.somebody(binding) for binding in administrating):
        first = administrating[0]
        message = f"No active person holds `{first.spec.role}` or another administrating role any more."
        others = tuple(binding.address for binding in administrating[1:4])
        yield Finding("last-owner-removed", first.address, "/spec/subjects", message, hint, Severity.WARNING, others)


class _People:
    def __init__(self, context: LintContext) -> None:
        self._user_name = context.membership.user_name
        self._suspended = {user.metadata.name for user in context.each(User) if user.spec.state is UserState.SUSPENDED}
        self._groups = {group.metadata.name: group.spec.members for group in context.each(Group)}

    def somebody(self, binding: RoleBinding) -> bool:
        """Whether a person may hold it: an active user, or whoever brings the claim of a group."""
        subjects = binding.spec.subjects
        return self._active(subjects.users) or any(self._has_person(name) for name in subjects.groups)

    def _has_person(self, name: str) -> bool:
        members = self._groups.get(name)
        return members is not None and (bool(members.claims) or self._active(members.users))

    def _active(self, users: Iterable[str]) -> bool:
        return any(self._user_name(user) not in self._suspended for user in users)


RULE = Rule(
    id="last-owner-removed",
    name="Somebody should administer",
    severity=Severity.WARNING,
    what="Bindings of `owner`, `admin` or a declared role of their reach, none of which names an active user or a "
    "group with one. As a note: bindings of which none is for such a role. Service accounts are no persons.",
    why="When the last administrator is gone, nobody can grant the role again through the files.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example, state: suspended}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: security}
spec: {members: {users: [alice]}}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: admins}
spec: {role: admin, subjects: {groups: [security]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: security}
spec: {members: {claims: [security]}}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: admins}
spec: {role: admin, subjects: {groups: [security]}}
""",
    check=_check,
)
