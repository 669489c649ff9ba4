"""A program with rights that nobody listed."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.service_account import ServiceAccount


def _check(context: LintContext) -> Iterable[Finding]:
    for account in context.each(ServiceAccount):
        for index, permission in enumerate(account.spec.permissions):
            if "*" in permission:
                yield Finding(
                    "service-account-wildcard-permission",
                    account.address,
                    f"/spec/permissions/{index}",
                    f"`{permission}` gives the service account `{account.metadata.name}` rights that nobody listed.",
                    "List the rights that the program needs, such as `plans:create`.",
                    Severity.WARNING,
                )


RULE = Rule(
    id="service-account-wildcard-permission",
    name="Service accounts should have listed rights",
    severity=Severity.WARNING,
    what="Permissions of service accounts with a `*` on either side.",
    why="A program needs the same few rights every day. A wildcard also grants those that a later version adds.",
    bad="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:*']
  expires: 2027-06-30T00:00:00Z
  networks: [203.0.113.16/28]
""",
    good="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:create', 'plans:read']
  expires: 2027-06-30T00:00:00Z
  networks: [203.0.113.16/28]
""",
    check=_check,
)
