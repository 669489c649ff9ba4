"""A permission must be one that the control plane asks for."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.access.permission import PERMISSIONS, names_something
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.role import Role
from clawforge.resource.service_account import ServiceAccount
from clawforge.spelling import KnownNames


def _check(context: LintContext) -> Iterable[Finding]:
    known = KnownNames(PERMISSIONS)
    for holder in (*context.each(Role), *context.each(ServiceAccount)):
        for index, permission in enumerate(holder.spec.permissions):
            if names_something(permission):
                continue
            guess = known.nearest(permission)
            yield Finding(
                "unknown-permission",
                holder.address,
                f"/spec/permissions/{index}",
                f"There is no permission `{permission}`.",
                f"Did you mean `{guess}`?" if guess else f"Permissions: {', '.join(known)}.",
            )


RULE = Rule(
    id="unknown-permission",
    name="Permissions must exist",
    severity=Severity.ERROR,
    what="Permissions of roles and service accounts that the control plane does not know, and patterns with a `*` that "
    "match none that it knows.",
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
