"""The network behind the firewall, and the metadata service of clouds."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.open_tools import OpenTools
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy, PolicyMode, PrivateAddresses
from clawforge.resource.targeting import Enforcement


def _check(context: LintContext) -> Iterable[Finding]:
    lineage = context.lineage
    narrowing = (
        policy
        for policy in context.each(Policy)
        if policy.spec.mode is not PolicyMode.BASE and policy.spec.enforcement is Enforcement.ENFORCE
    )
    if any(_is_closed(policy, context) for policy in narrowing):
        return
    if any(lineage.said(policy, "network", "allow") is not None for policy in context.universal):
        return
    tools = OpenTools(context)
    reaching = sorted(tool for tool in context.catalogue.tools if context.catalogue.facets(tool).urls)
    for base in context.bases:
        if _is_closed(base, context) or lineage.said(base, "network", "allow") is not None:
            continue
        if any(tools.open_in(base, tool) for tool in reaching):
            yield Finding(
                "private-addresses-open",
                base.address,
                "/metadata/name",
                "Under this policy tools reach private addresses, the metadata service of clouds included.",
                "Deny them by a guardrail for everyone: `network: {privateAddresses: deny}`.",
                Severity.NOTE,
            )
            return


def _is_closed(policy: Policy, context: LintContext) -> bool:
    return context.lineage.said(policy, "network", "private_addresses") is PrivateAddresses.DENY


RULE = Rule(
    id="private-addresses-open",
    name="Private addresses should be out of reach",
    severity=Severity.NOTE,
    what="Organizations with a base policy under which tools reach any address, where no policy denies private "
    "addresses. Said once.",
    why="Private addresses lead to routers, databases and to the metadata service that hands out credentials of "
    "the machine. They have too many spellings to list.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: network}
spec:
  mode: guardrail
  appliesTo: everyone
  network: {privateAddresses: deny}
""",
    check=_check,
)
