"""Trust in whoever holds a name at the moment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.service_account import Federation, ServiceAccount

_IDS = {
    "token.actions.githubusercontent.com": ("repository_id", "repository_owner_id", "enterprise_id"),
    "gitlab.com": ("project_id", "namespace_id"),
}
"""The claims that hold ids, by the host of an issuer that signs for the pipelines of all its customers."""
# Since 2026 the default subject of new repositories on GitHub carries both ids: repo:acme@65/policies@74:...
_SUBJECT_WITH_IDS = re.compile(r"repo:[^/:@]+@[0-9]+/[^/:@]+@[0-9]+:")


def _check(context: LintContext) -> Iterable[Finding]:
    for account in context.each(ServiceAccount):
        trust = account.spec.federated
        if trust is None or (trust.subject is None and not trust.claims):
            continue
        ids = _IDS.get(urlsplit(trust.issuer).hostname or "", ())
        if ids and not _is_pinned(trust, ids):
            yield Finding(
                "federated-trust-too-wide",
                account.address,
                "/spec/federated",
                f"`{account.metadata.name}` trusts a pipeline by names alone, and names can change hands.",
                f"Add the claim `{ids[0]}` with the number of the one project.",
                Severity.WARNING,
            )


def _is_pinned(trust: Federation, ids: tuple[str, ...]) -> bool:
    if any(trust.claims.get(name, "").isdecimal() for name in ids):
        return True
    return trust.subject is not None and _SUBJECT_WITH_IDS.match(trust.subject) is not None


RULE = Rule(
    id="federated-trust-too-wide",
    name="Federation should name a project by its id",
    severity=Severity.WARNING,
    what="Federated service accounts that name a project on GitHub or GitLab by its name, and by no numeric id.",
    why="A project or its owner that is renamed or deleted sets the name free. Whoever takes it gets tokens with the "
    "same subject and the same names in them; only the ids are others.",
    bad="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:create']
  expires: 2027-06-30T00:00:00Z
  federated:
    issuer: https://token.actions.githubusercontent.com
    audience: clawforge.acme.example
    subject: repo:acme/policies:environment:production
""",
    good="""\
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: ci}
spec:
  permissions: ['plans:create']
  expires: 2027-06-30T00:00:00Z
  federated:
    issuer: https://token.actions.githubusercontent.com
    audience: clawforge.acme.example
    subject: repo:acme/policies:environment:production
    claims: {repository_id: '74'}
""",
    check=_check,
)
