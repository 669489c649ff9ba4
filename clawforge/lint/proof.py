"""What rules can prove about policies: that one, or an entry of one, changes nothing for anybody, whether they exist or
not; and which bases somebody can start from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from clawforge.analysis.search import Search
from clawforge.analysis.walk import ExhaustedError, Walk, is_base, target_wants
from clawforge.analysis.world import Class, World
from clawforge.errors import InputError
from clawforge.lint.context import LintContext
from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement

SINCE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Proofs are about all times, not about those after the day of the run: schedules that have ended count as well."""

MOST_POLICIES, MOST_IN_A_HURRY = 300, 40
"""With more policies nothing is proved, or nothing without being asked to: the time grows with their square."""

_MOST_ENTRIES = 600
_MOST_SUBJECTS = 3_000


class IdleEntry(NamedTuple):
    """An entry of a list of a policy."""

    policy: Policy
    field: PolicyField
    at: int
    text: str


class Proofs:
    """Proofs about the policies of one set of resources, each worked out once."""

    def __init__(self, context: LintContext) -> None:
        self._context = context
        self._idle: dict[str, bool] = {}

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """The policies that decide, by address; none where there are too many, or where some cannot be read."""
        found = tuple(item for item in self._context.each(Policy) if item.spec.enforcement is Enforcement.ENFORCE)
        readable = not any(address.startswith(("Policy/", "*/")) for address in self._context.unusable)
        most = MOST_POLICIES if self._context.prove else MOST_IN_A_HURRY
        return found if readable and len(found) <= most and self._world is not None else ()

    @cached_property
    def parents(self) -> frozenset[str]:
        """Addresses of policies that others extend."""
        return frozenset(parent for policy in self._context.each(Policy) for parent in policy.spec.extends)

    def is_idle(self, policy: Policy) -> bool:
        """Whether everybody gets the same without it."""
        known = self._idle.get(policy.address)
        if known is None:
            spec = policy.spec.model_copy(update={"enforcement": Enforcement.OBSERVE})
            known = self._idle[policy.address] = self._changes_nothing(policy.model_copy(update={"spec": spec}))
        return known

    def is_reported(self, policy: Policy) -> bool:
        """Whether something plainer is said about it: that nobody can start from it, that it ties with another base, or
        that it says nothing at all."""
        return policy in self.unreachable_bases or self._ties(policy) or not self._world_says(policy)

    def _ties(self, policy: Policy) -> bool:
        if policy.spec.mode is not PolicyMode.BASE:
            return False
        own = (policy.spec.applies_to, policy.spec.priority)
        return any(
            other is not policy
            and other.spec.mode is PolicyMode.BASE
            and (other.spec.applies_to, other.spec.priority) == own
            for other in self.policies
        )

    def _world_says(self, policy: Policy) -> bool:
        world = self._world
        return world is not None and bool(world.sides[0].combiner.says(policy))

    def idle_entries(self) -> Iterator[IdleEntry]:
        """Entries of lists without which everybody gets the same, of policies that do matter."""
        entries = [
            (policy, field, value)
            for policy in self.policies
            for field in policy_fields()
            if isinstance(value := field.value_in(policy.spec), tuple) and value
        ]
        if sum(len(value) for _, _, value in entries) > _MOST_ENTRIES:
            return
        for policy, field, value in entries:
            if self.is_idle(policy):
                continue
            for index, entry in enumerate(value):
                if self._changes_nothing(_with(policy, field, (*value[:index], *value[index + 1 :]))):
                    yield IdleEntry(policy, field, index, entry)

    @cached_property
    def unreachable_bases(self) -> tuple[Policy, ...]:
        """Base policies that nobody can start from, because a more specific one always matches too."""
        bases = [policy for policy in self.policies if policy.spec.mode is PolicyMode.BASE]
        wanted = {policy.address for policy in bases if not self._ties(policy)}
        if not wanted or self._world is None:
            return ()
        try:
            reached = self._reached(self._world, wanted)
        except (ExhaustedError, OverflowError, InputError):
            return ()
        return tuple(policy for policy in self.policies if policy.address in wanted - reached)

    @cached_property
    def _world(self) -> World | None:
        """The resources compared with themselves; None where they cannot be resolved."""
        try:
            model = OrgModel(self._context.resources)
            for policy in self._context.each(Policy):
                model.combiner.says(policy)
        except InputError:
            return None
        return World(self._context.resources, self._context.resources, SINCE, models=(model, model))

    def _changes_nothing(self, other: Policy) -> bool:
        world = self._world
        if world is None:
            return False
        after = {**world.resources[0], other.address: other}
        models = (world.sides[0], world.sides[0].saying(other))
        variant = World(self._context.resources, after.values(), SINCE, models=models, moments=world.moments)
        try:
            return Search(variant, most=_MOST_SUBJECTS, first=True).changes_nothing()
        except InputError:
            return False

    @staticmethod
    def _reached(world: World, wanted: set[str]) -> set[str]:
        reached: set[str] = set()

        def look(subject: Subject, one: Class) -> None:
            for seen in world.seen(one, subject.agent, subject.context):
                if seen.before.base is not None:
                    reached.add(seen.before.base)

        walk = Walk(world, look, lambda: wanted <= reached, most=_MOST_SUBJECTS)
        walk.grow(frozenset())
        for want in target_wants(world, is_base):
            walk.grow(frozenset((want,)))
        return reached


def _with(policy: Policy, field: PolicyField, value: Any) -> Policy:
    section = getattr(policy.spec, field.section)
    changed = section.model_copy(update={field.attribute: value})
    return policy.model_copy(update={"spec": policy.spec.model_copy(update={field.section: changed})})
