"""Trust in everybody whom a foreign issuer knows."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.service_account import ServiceAccount


def _check(context: LintContext) -> Iterable[Finding]:
    for account in context.each(ServiceAccount):
        federated = account.spec.federated
        if federated is not None and federated.subject is None and not federated.claims:
            yield Finding(
                "federation-without-subject-or-claims",
                account.address,
                "/spec/federated",
                f"Any token of this issuer may log in as `{account.metadata.name}`, whatever it was made for.",
                "Write the `subject` of the one pipeline, or `claims` that only it can have.",
                Severity.WARNING,
            )


RULE = Rule(
    id="federation-without-subject-or-claims",
    name="Federation should name one pipeline",
    severity=Severity.WARNING,
    what="Federated service accounts that ask for neither a `subject` nor `claims`.",
    why="Issuers of large hosts sign tokens for every repository of every customer. The audience is no secret: any of "
    "their workflows can ask for it.",
    bad="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:create']
  expires: 2027-06-30T00:00:00Z
  federated: {issuer: 'https://token.ci.example', audience: clawforge.acme.example}
""",
    good="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:create']
  expires: 2027-06-30T00:00:00Z
  federated:
    issuer: https://token.ci.example
    audience: clawforge.acme.example
    subject: repo:acme/policies:pull_request
""",
    check=_check,
)
