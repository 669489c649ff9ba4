"""Where names of tools are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clawforge.lint.context import LintContext
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.elevation_policy import ElevationPolicy
from clawforge.resource.invariant import Invariant
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy

TOOL_LISTS = ("allow", "ask", "deny")
"""The lists of a policy's section `tools`."""


class WrittenTool(NamedTuple):
    """A pattern of tools, and where it is."""

    address: str
    pointer: str
    pattern: str


def written_tools(context: LintContext) -> Iterator[WrittenTool]:
    """Every pattern in the lists of policies, in the rules of DLP rule sets, in invariants and in elevation
    policies."""
    for resource in context.resources:
        for pointer, patterns in _lists(resource):
            for index, pattern in enumerate(patterns):
                yield WrittenTool(resource.address, f"{pointer}/{index}", pattern)


def _lists(resource: Resource) -> Iterator[tuple[str, Sequence[str]]]:
    """The lists of patterns in a resource, each with where it is."""
    if isinstance(resource, Policy):
        if resource.spec.tools is not None:
            for field in TOOL_LISTS:
                yield f"/spec/tools/{field}", getattr(resource.spec.tools, field) or ()
    elif isinstance(resource, DlpRuleSet):
        for at, rule in enumerate(resource.spec.rules):
            yield f"/spec/rules/{at}/tools", rule.tools
    elif isinstance(resource, Invariant):
        for key, demand in (("forbid", resource.spec.forbid), ("require", resource.spec.require)):
            yield f"/spec/{key}/tools", demand.tools if demand is not None else ()
    elif isinstance(resource, ElevationPolicy):
        for at, grant in enumerate(resource.spec.grants):
            yield f"/spec/grants/{at}/tools", grant.tools
        yield "/spec/neverElevate", resource.spec.never_elevate
