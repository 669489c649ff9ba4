"""A role whose holder can give themselves every other right."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rights import widening
from clawforge.lint.rule import Rule
from clawforge.resource.role import BUILT_IN_ROLES, Role
from clawforge.resource.role_binding import RoleBinding

_KINDS_OF_RIGHTS = frozenset({"Role", "RoleBinding", "Group"})


def _check(context: LintContext) -> Iterable[Finding]:
    wide = {
        role.metadata.name: (role, index)
        for role in context.each(Role)
        if role.metadata.name not in BUILT_IN_ROLES and (index := widening(role.spec.permissions)) is not None
    }
    if not wide:
        return
    bounded: set[str] = set()
    unbounded: set[str] = set()
    for binding in context.each(RoleBinding):
        kinds = binding.spec.scope.kinds
        (bounded if kinds and _KINDS_OF_RIGHTS.isdisjoint(kinds) else unbounded).add(binding.spec.role)
    for name, (role, index) in wide.items():
        if name in bounded - unbounded:
            continue
        yield Finding(
            "role-widens-itself",
            role.address,
            f"/spec/permissions/{index}",
            f"With `{role.spec.permissions[index]}` whoever holds `{name}` can give themselves any other right.",
            "Leave it out, split planning from applying between two roles, bind the role with a `scope.kinds` without "
            "Role, RoleBinding and Group, or use the built-in admin.",
            Severity.WARNING,
        )


RULE = Rule(
    id="role-widens-itself",
    name="Roles should not widen themselves",
    severity=Severity.WARNING,
    what="Declared roles that can write roles, bindings or the whole state, or that both plan and apply changes, "
    "unless every binding of the role leaves the kinds Role, RoleBinding and Group out of its scope.",
    why="Such a role is an administrator's under another name: its holder applies a binding that gives them the rest.",
    bad="""\
apiVersion: clawforge/v1
kind: Role
metadata: {name: policy-team}
spec: {permissions: ['plans:create', 'plans:apply']}
""",
    good="""\
apiVersion: clawforge/v1
kind: Role
metadata: {name: policy-team}
spec: {permissions: ['plans:create', 'plans:read']}
""",
    check=_check,
)
