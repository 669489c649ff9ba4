"""The targeted resources of an org, indexed so that a subject meets only those that may be for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.selector import CompiledSelector, Conditions, compile_selector
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.schedule import boundaries, is_open
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.targeting import Schedule
from clawforge.resource.version_target import VersionTarget

TargetedResource = Policy | DlpRuleSet | SkillApproval | VersionTarget


class Candidate(NamedTuple):
    """A target that can match a subject through some agent, context and time. `target` counts in address
    order."""

    target: int
    excepted: bool


StaticClass = tuple[Candidate, ...]
"""Everything about a subject that matters for what it gets, apart from agent, context and time."""


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that is for some subjects at some times. `lapses` is the moment from which an approval is
    due for review again and no longer counts."""

    address: str
    resource: TargetedResource
    selector: CompiledSelector
    schedule: Schedule | None
    lapses: dt.datetime | None

    def holds_at(self, at: dt.datetime) -> bool:
        """Whether it counts at a moment."""
        if self.lapses is not None and at >= self.lapses:
            return False
        return self.schedule is None or is_open(self.schedule, at)

    def changes(self, start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
        """The moments strictly between start and end at which `holds_at` may change."""
        moments = boundaries(self.schedule, start, end) if self.schedule is not None else []
        if self.lapses is not None and start < self.lapses < end:
            moments.append(self.lapses)
        return moments


class TargetIndex:
    """Immutable after construction; each target stands under one key of its selector, or for everybody."""

    def __init__(
        self,
        resources: Iterable[Resource],
        user_name: Callable[[str], str],
        zone: str,
        *,
        known: TargetIndex | None = None,
    ) -> None:
        """`known` was made for the same people and zone: what it compiled need not be compiled again."""
        compiled = {} if known is None else {id(target.resource): target for target in known.targets}
        targeted = [r for r in resources if isinstance(r, Policy | DlpRuleSet | SkillApproval | VersionTarget)]
        targeted.sort(key=lambda resource: resource.address)
        self.targets: tuple[Target, ...] = tuple(compiled.get(id(r)) or _target(r, user_name, zone) for r in targeted)
        self._everybody: list[int] = []
        self._by_fact: dict[tuple[str, str], list[int]] = {}
        for index, target in enumerate(self.targets):
            self._file(index, target.selector.conditions)

    def candidates(self, facts: SubjectFacts) -> StaticClass:
        """The targets that can match the subject, in address order."""
        return self._possible(facts, set(self._everybody))

    def special(self, facts: SubjectFacts) -> StaticClass:
        """The targets that can match the subject and do not match simply everybody, in address order."""
        return self._possible(facts, set(self._not_for_all))

    @cached_property
    def for_all(self) -> tuple[int, ...]:
        """The targets that everybody matches, through any agent and in any context, ascending."""
        selectors = ((index, self.targets[index].selector) for index in self._everybody)
        return tuple(index for index, one in selectors if one.conditions is None and one.exception is None)

    @cached_property
    def _not_for_all(self) -> frozenset[int]:
        return frozenset(self._everybody).difference(self.for_all)

    def _possible(self, facts: SubjectFacts, found: set[int]) -> StaticClass:
        for fact in _facts_of(facts):
            found.update(self._by_fact.get(fact, ()))
        result = []
        for index in sorted(found):
            possible, excepted = self.targets[index].selector.possible(facts)
            if possible:
                result.append(Candidate(index, excepted))
        return tuple(result)

    def replaced(self, resource: TargetedResource) -> TargetIndex:
        """The same with one resource that says something else, to the same subjects at the same times."""
        other = copy(self)
        other.targets = tuple(
            replace(target, resource=resource) if target.address == resource.address else target
            for target in self.targets
        )
        return other

    @cached_property
    def named_users(self) -> frozenset[str]:
        """Every user whom a selector or an exception names."""
        return self._named("users")

    @cached_property
    def named_instances(self) -> frozenset[str]:
        """Every instance that a selector or an exception names."""
        return self._named("instances")

    def _named(self, key: str) -> frozenset[str]:
        found: set[str] = set()
        for target in self.targets:
            for conditions in (target.selector.conditions, target.selector.exception):
                found.update((getattr(conditions, key) or ()) if conditions is not None else ())
        return frozenset(found)

    def _file(self, index: int, conditions: Conditions | None) -> None:
        """Under the key that fewest subjects share. All keys must hold, so one of them is enough to find it
        by."""
        keys: list[tuple[str, str]] = []
        if conditions is not None:
            for name in ("instances", "users", "groups", "roles"):
                values = getattr(conditions, name)
                if values is not None:
                    keys = [(name, value) for value in values]
                    break
            else:
                for tag, tag_values in conditions.tags[:1]:
                    keys = [(f"tag {tag}", value) for value in tag_values]
        if not keys:
            self._everybody.append(index)
        for key in keys:
            self._by_fact.setdefault(key, []).append(index)


def _facts_of(facts: SubjectFacts) -> Iterable[tuple[str, str]]:
    yield "users", facts.user
    if facts.instance is not None:
        yield "instances", facts.instance
    for group in facts.groups:
        yield "groups", group
    for role in facts.roles:
        yield "roles", role
    for tag, value in facts.tags.items():
        yield f"tag {tag}", value


def _target(resource: TargetedResource, user_name: Callable[[str], str], zone: str) -> Target:
    return Target(
        address=resource.address,
        resource=resource,
        selector=compile_selector(resource.spec.applies_to, user_name),
        schedule=resource.spec.schedule,
        lapses=_lapse(resource, zone),
    )


def _lapse(resource: TargetedResource, zone: str) -> dt.datetime | None:
    """An approval holds through its review date, a day of the org's time zone. Only approvals lapse: a
    revocation or rejection that ended by itself would let the skill run again."""
    if not isinstance(resource, SkillApproval) or resource.spec.status is not SkillStatus.APPROVED:
        return None
    if resource.spec.review_by is None or resource.spec.review_by >= dt.date.max - dt.timedelta(days=2):
        return None
    midnight = dt.datetime.combine(resource.spec.review_by + dt.timedelta(days=1), dt.time(), ZoneInfo(zone))
    return midnight.astimezone(dt.UTC)
