"""An identity of a program that never ends by itself."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.service_account import ServiceAccount


def _check(context: LintContext) -> Iterable[Finding]:
    for account in context.each(ServiceAccount):
        if account.spec.expires is None:
            yield Finding(
                "service-account-without-expiry",
                account.address,
                "/metadata/name",
                f"The service account `{account.metadata.name}` never expires.",
                "Write `expires` with a moment within a year, such as 2027-06-30T00:00:00Z.",
                Severity.WARNING,
            )


RULE = Rule(
    id="service-account-without-expiry",
    name="Service accounts should expire",
    severity=Severity.WARNING,
    what="Service accounts without `expires`.",
    why="Nobody misses an account that is no longer used, except whoever finds its credentials.",
    bad="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec: {permissions: ['plans:read'], networks: [203.0.113.16/28]}
""",
    good="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:read']
  networks: [203.0.113.16/28]
  expires: 2027-06-30T00:00:00Z
""",
    check=_check,
)
