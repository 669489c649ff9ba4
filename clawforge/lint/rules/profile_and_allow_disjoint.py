"""A profile and an allow list that have no tool in common allow none."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.decide.names import intersect
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy


def _check(context: LintContext) -> Iterable[Finding]:
    names = context.catalogue
    for policy in context.each(Policy):
        tools = policy.spec.tools
        if tools is None or (tools.allow is None and tools.profile is None):
            continue
        allow = context.lineage.said(policy, "tools", "allow")
        profile = context.lineage.said(policy, "tools", "profile")
        named = names.profile(profile) if profile is not None else None
        if not allow or named is None or intersect(names.expand_all(allow), named, names.tools):
            continue
        yield Finding(
            "profile-and-allow-disjoint",
            policy.address,
            "/spec/tools/allow" if tools.allow is not None else "/spec/tools/profile",
            f"Nothing is allowed: the profile `{profile}` has no tool of the allow list.",
            "Remove the profile, or choose one that has these tools.",
            Severity.WARNING,
        )


RULE = Rule(
    id="profile-and-allow-disjoint",
    name="A profile and an allow list should meet",
    severity=Severity.WARNING,
    what="Policies whose `tools.profile` and `tools.allow`, with what they extend, have no tool in common.",
    why="Both must allow a tool. Where they do not meet no call passes.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {profile: messaging, allow: [exec, read]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {allow: [exec, read]}
""",
    check=_check,
)
