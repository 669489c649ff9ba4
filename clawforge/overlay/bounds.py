"""What somebody may ask to be lifted, by the elevation policies that match them, and why a request is refused.

Several policies add up to the strictest: of a grant that more than one of them has, only the tools and agents of all
of them count, for the shortest of their times, with the most of their approvals by people whom each of them accepts;
and what one of them never elevates none does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from clawforge.decide.catalogue import DEFAULT_HOST, Catalogue, catalogue
from clawforge.decide.names import NamePattern, intersect, normalise
from clawforge.resolve.membership import Membership, SubjectFacts
from clawforge.resolve.selector import Conditions, compile_selector
from clawforge.resolve.subject import Subject
from clawforge.resource.elevation_policy import ElevationApprovers, ElevationGrant, ElevationPolicy
from clawforge.resource.schedule import is_open


@dataclass(frozen=True, slots=True)
class GrantBounds:
    """The terms of one grant for one person. `tools` and `never` are patterns without groups and aliases, in canonical
    form; `agents` None means through any agent. Times are seconds. Who approves must be among each of `approvers`.
    `phrase` is what must be typed. `policies` are the addresses of those that have the grant."""

    name: str
    tools: tuple[str, ...]
    never: tuple[str, ...]
    agents: frozenset[str] | None
    max_ttl: int
    approvals: int
    approvers: tuple[ElevationApprovers, ...]
    require_reason: bool
    require_ticket: bool
    phrase: str | None
    cooldown: int
    max_active: int
    policies: tuple[str, ...]

    def accepts_approver(self, *, roles: Iterable[str], groups: Iterable[str]) -> bool:
        """Whether somebody with these roles and groups is among those whose approvals count."""
        held, member = frozenset(roles), frozenset(groups)
        return all(
            (not one.roles or not held.isdisjoint(one.roles)) and (not one.groups or not member.isdisjoint(one.groups))
            for one in self.approvers
        )


class ElevationBook:
    """The elevation policies of an org. Immutable."""

    def __init__(
        self,
        policies: Iterable[ElevationPolicy],
        membership: Membership,
        *,
        names: Catalogue | None = None,
    ) -> None:
        self._membership = membership
        self._names = names or catalogue(DEFAULT_HOST)
        self._policies = [
            (policy, compile_selector(policy.spec.applies_to, membership.user_name))
            for policy in sorted(policies, key=lambda policy: policy.address)
        ]

    def is_suspended(self, subject: Subject) -> bool:
        """Whether the user may do nothing at all at present."""
        return self._membership.facts(subject).suspended

    def matching(self, subject: Subject, at: dt.datetime) -> tuple[ElevationPolicy, ...]:
        """The policies that are for a subject at a moment, by address; for a suspended user none is."""
        facts = self._membership.facts(subject)
        found = []
        for policy, selector in self._policies:
            possible, excepted = selector.possible(facts)
            if not possible or not selector.through(facts.agent, facts.context, excepted=excepted):
                continue
            if policy.spec.schedule is None or is_open(policy.spec.schedule, at):
                found.append(policy)
        return () if facts.suspended else tuple(found)

    def bounds(self, subject: Subject, at: dt.datetime) -> tuple[GrantBounds, ...]:
        """Everything that a subject may ask for at a moment, by name."""
        given = {grant.name for policy in self._granting(subject, at) for grant in policy.spec.grants}
        bounding = self._bounding(subject, at)
        never = self._expanded(pattern for policy in bounding for pattern in policy.spec.never_elevate)
        stated: dict[str, list[tuple[str, ElevationGrant]]] = {}
        for policy in bounding:
            for grant in policy.spec.grants:
                stated.setdefault(grant.name, []).append((policy.address, grant))
        return tuple(self._combined(name, stated[name], never) for name in sorted(given))

    def _granting(self, subject: Subject, at: dt.datetime) -> tuple[ElevationPolicy, ...]:
        """The policies that are for a subject through every agent and in every context that was not named."""
        facts = self._membership.facts(subject)
        matching = self.matching(subject, at)
        return tuple(
            policy
            for policy, selector in self._policies
            if policy in matching and not (selector.possible(facts)[1] and _is_open_about(selector.exception, facts))
        )

    def _bounding(self, subject: Subject, at: dt.datetime) -> tuple[ElevationPolicy, ...]:
        """The policies that are for a subject through some agent and in some context of those that it may mean: one
        that was not named may be any."""
        facts = self._membership.facts(subject)
        if facts.suspended:
            return ()
        found = []
        for policy, selector in self._policies:
            possible, excepted = selector.possible(facts)
            unsure = _is_open_about(selector.conditions, facts) or (
                excepted and _is_open_about(selector.exception, facts)
            )
            reached = unsure or selector.through(facts.agent, facts.context, excepted=excepted)
            if possible and reached and (policy.spec.schedule is None or is_open(policy.spec.schedule, at)):
                found.append(policy)
        return tuple(found)

    def _combined(self, name: str, stated: Sequence[tuple[str, ElevationGrant]], never: tuple[str, ...]) -> GrantBounds:
        grants = [grant for _, grant in stated]
        core = self._names.tools
        limited = [frozenset(grant.agents) for grant in grants if grant.agents]
        phrases = [grant.confirm_phrase for grant in grants if grant.confirm_phrase is not None]
        return GrantBounds(
            name=name,
            tools=reduce(lambda one, other: intersect(one, other, core), (self._expanded(g.tools) for g in grants)),
            never=never,
            agents=frozenset.intersection(*limited) if limited else None,
            max_ttl=min(grant.max_ttl for grant in grants),
            approvals=max(grant.approvals.count for grant in grants),
            approvers=tuple(dict.fromkeys(grant.approvals.from_ for grant in grants)),
            require_reason=any(grant.require_reason for grant in grants),
            require_ticket=any(grant.require_ticket for grant in grants),
            phrase=phrases[0] if phrases else None,
            cooldown=max(grant.cooldown for grant in grants),
            max_active=min(grant.max_active for grant in grants),
            policies=tuple(address for address, _ in stated),
        )

    def _expanded(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """Groups that the catalogue does not have are kept: they lift nothing, and forbid everything."""
        expanded = [name for pattern in patterns for name in (self._names.expand(pattern) or (pattern,))]
        return normalise(expanded, self._names.tools)


def is_covered(tool: str, patterns: Sequence[str], names: Catalogue) -> bool:
    """Whether everything that a pattern of tools means is among other patterns, which have no groups and aliases."""
    wanted = [NamePattern.parse(name) for name in names.expand(tool)]
    having = [pattern for text in patterns if (pattern := NamePattern.parse(text)) is not None]
    return bool(wanted) and all(
        one is not None and any(pattern.covers(one, names.tools) for pattern in having) for one in wanted
    )


def _is_open_about(conditions: Conditions | None, facts: SubjectFacts) -> bool:
    """Whether these ask about an agent or a context that was not named."""
    if conditions is None:
        return False
    return (conditions.agents is not None and facts.agent is None) or (
        conditions.contexts is not None and facts.context is None
    )
