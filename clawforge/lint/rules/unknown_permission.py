"""A permission must be one that the control plane asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clawforge.access.permission import PERMISSIONS, names_something
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.role import Role
from clawforge.resource.service_account import ServiceAccount
from clawforge.spelling import KnownNames


def _check(context: LintContext) -> Iterable[Finding]:
    known = KnownNames(PERMISSIONS)
    for address, pointer, permission in _written(context):
        if not names_something(permission):
            guess = known.nearest(permission)
            yield Finding(
                "unknown-permission",
                address,
                pointer,
                f"There is no permission `{permission}`.",
                f"Did you mean `{guess}`?" if guess else f"Permissions: {', '.join(known)}.",
            )


def _written(context: LintContext) -> Iterator[tuple[str, str, str]]:
    for holder in (*context.each(Role), *context.each(ServiceAccount)):
        for index, permission in enumerate(holder.spec.permissions):
            yield holder.address, f"/spec/permissions/{index}", permission
    for policy in context.each(ChangePolicy):
        for index, rule in enumerate(policy.spec.approvals):
            yield policy.address, f"/spec/approvals/{index}/from/permission", rule.from_.permission


RULE = Rule(
    id="unknown-permission",
    name="Permissions must exist",
    severity=Severity.ERROR,
    what="Permissions of roles, service accounts and approvers that the control plane does not know, and patterns with "
    "a `*` that match none that it knows.",
    why="A misspelt permission gives nothing today, and may give something that nobody reviewed once it exists.",
    bad="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plan:create']
  expires: 2027-06-30T00:00:00Z
  networks: [203.0.113.16/28]
""",
    good="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:create']
  expires: 2027-06-30T00:00:00Z
  networks: [203.0.113.16/28]
""",
    check=_check,
)
