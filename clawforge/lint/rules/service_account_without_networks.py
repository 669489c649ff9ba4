"""A stored credential that works from anywhere."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.service_account import ServiceAccount

_ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})


def _check(context: LintContext) -> Iterable[Finding]:
    hint = "List the networks that its calls come from under `networks`, or use `federated`, which stores no secret."
    for account in context.each(ServiceAccount):
        name, spec = account.metadata.name, account.spec
        if not spec.networks and spec.federated is None:
            message = f"The service account `{name}` may call from anywhere with a stored credential."
            yield Finding(
                "service-account-without-networks", account.address, "/metadata/name", message, hint, Severity.WARNING
            )
        for index, network in enumerate(spec.networks):
            if network in _ANYWHERE:
                message = f"`{network}` is every address, so `networks` does not bound the service account `{name}`."
                yield Finding(
                    "service-account-without-networks",
                    account.address,
                    f"/spec/networks/{index}",
                    message,
                    hint,
                    Severity.WARNING,
                )


RULE = Rule(
    id="service-account-without-networks",
    name="Service accounts should be bound to networks",
    severity=Severity.WARNING,
    what="Service accounts that are not federated and list no `networks`, and lists that hold every address.",
    why="A credential that leaks is of no use elsewhere if it only counts from the networks of its pipeline.",
    bad="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec: {permissions: ['plans:read'], expires: 2027-06-30T00:00:00Z}
""",
    good="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:read']
  expires: 2027-06-30T00:00:00Z
  networks: [203.0.113.16/28]
""",
    check=_check,
)
