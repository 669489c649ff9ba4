"""What is not allowed needs no denial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clawforge.decide.domains import DomainMatcher
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        network = policy.spec.network
        if network is None or not network.allow or not network.deny:
            continue
        if policy.metadata.name in context.lineage.extended:
            continue
        allowed, above = DomainMatcher(network.allow), set(_above(network.allow))
        for index, domain in enumerate(network.deny):
            if allowed.find(domain) is None and domain not in above:
                yield Finding(
                    "network-deny-under-allow",
                    policy.address,
                    f"/spec/network/deny/{index}",
                    f"`{domain}` is denied, but no host of it is allowed in the first place.",
                    "Remove it, or correct the name if it was meant to take something out of `network.allow`.",
                    Severity.WARNING,
                )


def _above(patterns: Iterable[str]) -> Iterator[str]:
    """Every pattern with a star that covers one of these."""
    for pattern in patterns:
        labels = pattern.removeprefix("*.").split(".")
        yield from ("*." + ".".join(labels[at:]) for at in range(1, len(labels)))


RULE = Rule(
    id="network-deny-under-allow",
    name="A denied host lies among the allowed ones",
    severity=Severity.WARNING,
    what="Entries of `network.deny` that have no host in common with `network.allow` of the same policy. Policies "
    "that others extend are passed over.",
    why="The entry does nothing. Where it was meant to take something out of what is allowed, it is misspelt.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  network: {allow: ["*.acme.example"], deny: [hr.acme.exmaple]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  network: {allow: ["*.acme.example"], deny: [hr.acme.example]}
""",
    check=_check,
)
