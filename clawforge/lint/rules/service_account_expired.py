"""An identity of a program whose time is over."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.meta import format_instant
from clawforge.resource.service_account import ServiceAccount


def _check(context: LintContext) -> Iterable[Finding]:
    if context.now is None:
        return
    for account in context.each(ServiceAccount):
        expires = account.spec.expires
        if expires is not None and expires <= context.now:
            yield Finding(
                "service-account-expired",
                account.address,
                "/spec/expires",
                f"The service account `{account.metadata.name}` expired at {format_instant(expires)}.",
                "Remove the account if nothing uses it, or review what it may do and move `expires`.",
                Severity.WARNING,
            )


RULE = Rule(
    id="service-account-expired",
    name="Expired service accounts should go",
    severity=Severity.WARNING,
    what="Service accounts whose `expires` has passed.",
    why="Either a pipeline has stopped working, or the account is no longer needed and should not be prolonged.",
    bad="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:read']
  networks: [203.0.113.16/28]
  expires: 2020-06-30T00:00:00Z
""",
    good="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:read']
  networks: [203.0.113.16/28]
  expires: 2999-06-30T00:00:00Z
""",
    check=_check,
)
