"""A first look at two effective policies: whether one of a few plain calls passes otherwise on one side than on the
other. What it finds is so; that it finds nothing proves nothing, and then `clawforge.analysis.comparison` knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clawforge.analysis.level import FREE, Level, Pair
from clawforge.analysis.sections.commands import code_outcomes, plain_commands
from clawforge.analysis.sections.hosts import host_outcomes
from clawforge.analysis.sections.paths import plain_paths, same_folders
from clawforge.analysis.sections.settings import setting_changes
from clawforge.analysis.sections.tools import ToolKind, tool_rules
from clawforge.decide.facets import Facets
from clawforge.effective import Effective, EffectiveSkillRules, Rules

Pairs = frozenset[Pair]
"""Some of the pairs that calls have in a section, each of which some call has for certain."""

_FREE: Pairs = frozenset(FREE)
_SILENT = EffectiveSkillRules()


def differs_plainly(before: Effective, after: Effective) -> bool:
    """Whether a plain call passes otherwise, or a setting differs: for ordinary calls, or for elevated ones, which only
    the floor judges. DLP and versions, which judge both sides alike where only policies differ, are not looked at."""
    if before.enforced is not after.enforced:
        if setting_changes(before.enforced, after.enforced):
            return True
        if _Look(before, after, before.enforced, after.enforced).differs:
            return True
    if before.floor is after.floor:
        return False
    if (before.floor.audit, before.floor.offline) != (after.floor.audit, after.floor.offline):
        return True
    return _Look(before, after, before.floor, after.floor).differs


class _Look:
    """One set of rules of both sides."""

    def __init__(self, before: Effective, after: Effective, ours: Rules, theirs: Rules) -> None:
        self._rules = (ours, theirs)
        self._verdicts = (before.skills, after.skills)
        self._names = (tool_rules(ours.tools, ours.mcp), tool_rules(theirs.tools, theirs.mcp))
        self._inside: dict[int, Pairs] = {}

    @property
    def differs(self) -> bool:
        """Whether some call of some tool passes otherwise."""
        kinds = {**self._names[0].kinds, **self._names[1].kinds}.values()
        # Skills come last: there may be very many verdicts.
        return any(self._differs_for(kind) for kind in sorted(kinds, key=lambda kind: kind.tool.facets.skill))

    def _differs_for(self, kind: ToolKind) -> bool:
        before, after = self._names[0].level(kind), self._names[1].level(kind)
        if before is Level.DENY and after is Level.DENY:
            return False
        facets = kind.tool.facets
        if facets.skill and before is after and self._same_skills:
            return False
        if any(max(before, ours) is not max(after, theirs) for ours, theirs in self._inside_of(facets)):
            return True
        return facets.paths == "read" and not self._same_folders

    @cached_property
    def _same_skills(self) -> bool:
        return self._rules[0].skills == self._rules[1].skills and self._verdicts[0] is self._verdicts[1]

    @cached_property
    def _same_folders(self) -> bool:
        return same_folders(self._rules[0].paths, self._rules[1].paths)

    def _inside_of(self, facets: Facets) -> Pairs:
        known = self._inside.get(id(facets))
        if known is None:
            known = self._inside[id(facets)] = self._looked_inside(facets)
        return known

    def _looked_inside(self, facets: Facets) -> Pairs:
        ours, theirs = self._rules
        pairs = _together(self._run_by(facets), plain_paths(ours.paths, theirs.paths, facets))
        pairs = _together(pairs, host_outcomes(ours.network, theirs.network, facets))
        return _together(pairs, self._skills(facets)) if facets.skill else pairs

    def _run_by(self, facets: Facets) -> Iterable[Pair]:
        ours, theirs = self._rules[0].exec, self._rules[1].exec
        found: set[Pair] = set()
        if facets.command:
            found.update(plain_commands(ours, theirs))
        if facets.code is not None:
            found.update(code_outcomes(ours, theirs, facets.code))
        return found or _FREE

    def _skills(self, facets: Facets) -> Iterable[Pair]:
        ours, theirs = self._rules[0].skills, self._rules[1].skills
        if ours == theirs == _SILENT and not any(one.approved or one.revoked for one in self._verdicts):
            return _FREE
        from clawforge.analysis.sections.skills import skill_outcomes

        return skill_outcomes((ours, self._verdicts[0]), (theirs, self._verdicts[1]), facets)


def _together(left: Iterable[Pair], right: Iterable[Pair]) -> Pairs:
    """The pairs of calls of which one section says `left` and another says `right`."""
    if right is FREE or right is _FREE:
        return frozenset(left)
    others = tuple(right)
    return frozenset((max(ours, other[0]), max(theirs, other[1])) for ours, theirs in left for other in others)
