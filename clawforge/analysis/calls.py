"""The calls that an invariant is about, decided under one effective policy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from clawforge.analysis.comparison import OwnOutcomes, Shape, freest_levels, shape_of
from clawforge.analysis.level import Example, Level, Outcomes, level_of, within
from clawforge.analysis.sections.commands import commands_within
from clawforge.analysis.sections.hosts import hosts_within
from clawforge.analysis.sections.paths import paths_within
from clawforge.analysis.sections.skills import SKILL_TOOL
from clawforge.analysis.sections.tool_kinds import told_apart
from clawforge.analysis.sections.tools import ToolKind, tool_rules
from clawforge.decide.catalogue import catalogue
from clawforge.decide.command_pattern import CommandPattern
from clawforge.decide.decider import Decider
from clawforge.decide.facets import Facets
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import Request
from clawforge.decide.simulate import simulated_facts
from clawforge.effective import Effective, Rules
from clawforge.resource.invariant import Bound, FileAccess, Forbidden, Invariant, Required

Found = tuple[str, Example, Level]
"""A tool, what its call needs, and how freely it passes."""


class Calls(Protocol):
    """Calls that must not pass, or must. `asks_for_any`: some call of a tool must pass, whichever, so that what several
    policies each let pass they may refuse together."""

    forbids: bool
    asks_for_any: bool
    reaches_skills: bool
    reaches_commands: bool

    def violation(self, effective: Effective, user: str, at: dt.datetime) -> Found | None:
        """A call that passes though it must not, or does not though it must; None if there is none. Raises
        TooComplexError."""


def calls_of(invariant: Invariant) -> Calls:
    """The calls that an invariant is about."""
    spec = invariant.spec
    if spec.forbid is not None:
        return ForbiddenCalls(spec.forbid)
    if spec.require is not None:
        return RequiredCalls(spec.require)
    raise LookupError("an invariant forbids or requires")


class ForbiddenCalls:
    """Calls of which none may pass."""

    forbids = True
    asks_for_any = False

    def __init__(self, forbidden: Forbidden) -> None:
        patterns = catalogue().expand_all(forbidden.tools)
        self._wanted = NameMatcher(patterns)
        self._patterns = patterns
        self._commands = tuple(CommandPattern.parse(text) for text in forbidden.commands)
        self._paths, self._hosts = forbidden.paths, forbidden.hosts
        self._access = forbidden.access
        self._worst = Level.REDACT if forbidden.effect is Bound.ALLOW else Level.ASK
        self.reaches_skills = self._is_wanted(ToolKind(SKILL_TOOL, SKILL_TOOL))
        self.reaches_commands = True
        # The policy is kept beside what was found, so that no other can get the ids of its parts.
        self._known: dict[tuple[int, int], tuple[Effective, Found | None]] = {}

    def violation(self, effective: Effective, user: str, at: dt.datetime) -> Found | None:
        """A forbidden call that passes. What DLP and versions refuse is not considered: with other text, and another
        version, the call passes."""
        key = (id(effective.enforced), id(effective.skills))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (effective, self._violation(effective))
        return known[1]

    def _violation(self, effective: Effective) -> Found | None:
        rules = effective.enforced
        names = tool_rules(rules.tools, rules.mcp)
        own = OwnOutcomes(effective)
        seen: set[tuple[Level, Shape]] = set()
        for kind in told_apart((names,), self._patterns):
            level = names.level(kind)
            if level > self._worst or not self._is_wanted(kind):
                continue
            alike = (level, shape_of(kind.tool.facets))
            if alike in seen:
                continue
            seen.add(alike)
            for pair, example in self._restricted(rules, own, kind).items():
                if pair[0] <= self._worst:
                    return kind.name, example, pair[0]
        return None

    def _is_wanted(self, kind: ToolKind) -> bool:
        return kind.tool.found_by(self._wanted) is not None

    def _restricted(self, rules: Rules, own: OwnOutcomes, kind: ToolKind) -> Outcomes:
        """The levels of the calls of one kind of tools that do what is forbidden."""
        parts = []
        for part in self._restrictions(rules, kind.tool.facets):
            if not part:
                return {}
            parts.append(part)
        outcomes = own.of(kind)
        for part in parts:
            outcomes = within(part, outcomes)
        return outcomes

    def _restrictions(self, rules: Rules, facets: Facets) -> Iterator[Outcomes]:
        if self._commands:
            yield commands_within(rules.exec, self._commands) if facets.command else {}
        if self._paths:
            fits = self._access is None or (facets.paths == "read") == (self._access is FileAccess.READ)
            yield paths_within(rules.paths, facets, self._paths) if fits else {}
        if self._hosts:
            yield hosts_within(rules.network, facets, self._hosts)


class RequiredCalls:
    """Calls of which each must pass."""

    forbids = False
    reaches_skills = True
    reaches_commands = True

    def __init__(self, required: Required) -> None:
        self._tools = catalogue().expand_all(required.tools)
        self._params: Mapping[str, Any] | None = required.params
        self.asks_for_any = required.params is None
        self._worst = Level.REDACT if required.effect is Bound.ALLOW else Level.ASK

    def violation(self, effective: Effective, user: str, at: dt.datetime) -> Found | None:
        """A required call that does not get as far as it must."""
        if self._params is None:
            kinds = [ToolKind(tool, tool) for tool in self._tools]
            levels = [(kind.name, Example(), level) for kind, level in freest_levels(effective, *kinds).values()]
        else:
            decider, facts = Decider(effective), simulated_facts(user)
            levels = []
            for tool in self._tools:
                request = Request(tool=tool, params=dict(self._params), user=user, at=at)
                level = level_of(decider.decide(request, facts=facts))
                levels.append((tool, Example(dict(self._params)), level))
        return next((found for found in levels if found[2] > self._worst), None)
