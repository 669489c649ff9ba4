"""What of a policy can matter to calls of one tool: policies that agree in that give such calls the same effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import NamedTuple

from clawforge.analysis.replay.blind import is_nothing, looks_at_paths
from clawforge.decide.call import Tool
from clawforge.decide.names import NameMatcher
from clawforge.effective import (
    Effective,
    EffectiveDlpRule,
    EffectiveExec,
    EffectiveMcp,
    EffectiveNetwork,
    EffectivePaths,
    EffectiveSkillRules,
    EffectiveSkills,
    EffectiveTools,
)
from clawforge.resource.dlp_rule_set import DlpDirection


class Relevant(NamedTuple):
    """The part of a policy that calls of one tool can meet; None stands for sections that do not look at them."""

    nothing: bool
    name: tuple[bool, bool, bool]
    server: Hashable
    exec: EffectiveExec | None
    paths: EffectivePaths | None
    network: EffectiveNetwork | None
    skills: tuple[EffectiveSkillRules, EffectiveSkills] | None
    dlp: tuple[EffectiveDlpRule, ...]


def relevant(effective: Effective, tool: Tool) -> Relevant:
    """What matters of the enforced rules, as no version of an instance is known in a replay."""
    rules, facets = effective.enforced, tool.facets
    runs_something = facets.command or facets.code is not None
    return Relevant(
        nothing=is_nothing(rules),
        name=_on_name(rules.tools, tool),
        server=_on_server(rules.mcp, tool),
        exec=rules.exec if runs_something else None,
        paths=rules.paths if looks_at_paths(rules, tool) else None,
        network=rules.network if facets.urls else None,
        skills=(rules.skills, effective.skills) if facets.skill else None,
        dlp=_on_content(effective.dlp.rules, tool),
    )


def _on_name(rules: EffectiveTools, tool: Tool) -> tuple[bool, bool, bool]:
    """Whether the name is denied, allowed, asked about."""
    return (
        tool.found_by(NameMatcher(rules.deny)) is not None,
        rules.allow is None or NameMatcher(rules.allow).find(tool.name, core=tool.core) is not None,
        tool.found_by(NameMatcher(rules.ask)) is not None,
    )


def _on_server(rules: EffectiveMcp, tool: Tool) -> EffectiveMcp | None:
    return rules if tool.servers else None


def _on_content(rules: tuple[EffectiveDlpRule, ...], tool: Tool) -> tuple[EffectiveDlpRule, ...]:
    """The rules for calls of the tool; all of them where two share a name, as neither of those can be told apart."""
    given = tuple(rule for rule in rules if DlpDirection.INPUT in rule.directions)
    if any(count > 1 for count in Counter((rule.resource, rule.id) for rule in given).values()):
        return given
    return tuple(rule for rule in given if not rule.tools or tool.found_by(NameMatcher(rule.tools)) is not None)
