"""Where names of tools are written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clawforge.lint.context import LintContext
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.invariant import Invariant
from clawforge.resource.policy import Policy

TOOL_LISTS = ("allow", "ask", "deny")
"""The lists of a policy's section `tools`."""


class WrittenTool(NamedTuple):
    """A pattern of tools, and where it is."""

    address: str
    pointer: str
    pattern: str


def written_tools(context: LintContext) -> Iterator[WrittenTool]:
    """Every pattern in the lists of policies, in the rules of DLP rule sets and in invariants."""
    for policy in context.each(Policy):
        if policy.spec.tools is None:
            continue
        for field in TOOL_LISTS:
            for index, pattern in enumerate(getattr(policy.spec.tools, field) or ()):
                yield WrittenTool(policy.address, f"/spec/tools/{field}/{index}", pattern)
    for rule_set in context.each(DlpRuleSet):
        for at, rule in enumerate(rule_set.spec.rules):
            for index, pattern in enumerate(rule.tools):
                yield WrittenTool(rule_set.address, f"/spec/rules/{at}/tools/{index}", pattern)
    for invariant in context.each(Invariant):
        for key, demand in (("forbid", invariant.spec.forbid), ("require", invariant.spec.require)):
            for index, pattern in enumerate(demand.tools if demand is not None else ()):
                yield WrittenTool(invariant.address, f"/spec/{key}/tools/{index}", pattern)
