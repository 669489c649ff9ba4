"""What rules can prove about policies: that one, or an entry of one, changes nothing for anybody, whether they exist or
not; and which bases somebody can start from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from clawforge.analysis.sections.paths import same_folders
from clawforge.analysis.walk import ExhaustedError
from clawforge.effective import EffectivePaths
from clawforge.errors import InputError
from clawforge.lint.context import LintContext
from clawforge.lint.emptiness import Emptiness
from clawforge.lint.idleness import State
from clawforge.lint.silence import narrows
from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement

MOST_POLICIES, MOST_IN_A_HURRY = 300, 40
"""With more policies nothing is proved, or nothing without being asked to: the time grows with their square."""

_MOST_ENTRIES = 600


class IdlePolicy(NamedTuple):
    """A policy that changes nothing; not `for_somebody` if that is because nobody can match it."""

    policy: Policy
    for_somebody: bool


class IdleEntry(NamedTuple):
    """An entry of a list of a policy."""

    policy: Policy
    field: PolicyField
    at: int
    text: str


class _Idle(NamedTuple):
    """Idle policies, and the state in which they and the bases that nobody starts from are gone."""

    policies: tuple[IdlePolicy, ...]
    rest: State


class Proofs:
    """Proofs about the policies of one set of resources, each worked out once."""

    def __init__(self, context: LintContext) -> None:
        self._context = context
        self._known: dict[str, bool] = {}

    @cached_property
    def policies(self) -> tuple[Policy, ...]:
        """The policies that decide, by address; none where there are too many, and where something cannot be read or
        names a group of tools that does not exist: such a group denies everything, beside which nothing matters."""
        found = tuple(item for item in self._context.each(Policy) if item.spec.enforcement is Enforcement.ENFORCE)
        most = MOST_POLICIES if self._context.prove else MOST_IN_A_HURRY
        if len(found) > most or not self._context.is_whole:
            return ()
        known = self._context.catalogue.groups
        groups = (text for policy in self._context.each(Policy) for text in _groups_of(policy))
        return found if all(group in known for group in groups) else ()

    def is_idle(self, policy: Policy) -> bool:
        """Whether everybody gets the same without it."""
        known = self._known.get(policy.address)
        if known is None:
            known = self._known[policy.address] = self._state is not None and self._state.is_idle(policy.address)
        return known

    @property
    def idle_policies(self) -> tuple[IdlePolicy, ...]:
        """The policies that can go, all of them at once, without changing anything for anybody. Of several that say the
        same the first stays. Left out are those that others extend, and those of which something plainer is said: that
        nobody can start from them, that they tie, are for nobody, or say nothing."""
        return () if self._idle is None else self._idle.policies

    def idle_entries(self) -> Iterator[IdleEntry]:
        """The entries of lists that can go, all of them at once and together with the idle policies, without changing
        anything for anybody; of policies that stay."""
        if self._state is None or self._idle is None:
            return
        stay = [policy for policy in self.policies if policy not in self._gone]
        lists = [(policy, field, value) for policy in stay for field, value in _lists_of(policy)]
        if sum(len(value) for _, _, value in lists) > _MOST_ENTRIES:
            return
        rest, left = self._idle.rest, {policy.address: policy for policy in stay}
        for policy, field, value in lists:
            for index, entry in enumerate(value):
                if not _keeps_folders(field, value, entry):
                    continue
                if not self._state.is_same_with(_less(policy, field, entry)):
                    continue
                other = _less(left[policy.address], field, entry)
                if rest is not self._state and not rest.is_same_with(other):
                    continue
                rest, left[policy.address] = rest.saying(other), other
                yield IdleEntry(policy, field, index, entry)

    @cached_property
    def unreachable_bases(self) -> tuple[Policy, ...]:
        """Base policies that match somebody and that nobody can start from, because a more specific one always matches
        too. Left out are those that others extend."""
        bases = [policy for policy in self.policies if policy.spec.mode is PolicyMode.BASE]
        if not bases or self._state is None:
            return ()
        try:
            met = self._state.bases()
        except (ExhaustedError, OverflowError, InputError):
            return ()
        passed = (met.matched - met.reached) - self._parents
        return tuple(base for base in bases if base.address in passed)

    @cached_property
    def _state(self) -> State | None:
        """The resources as they are; None where nothing is to be proved, or where they cannot be resolved."""
        try:
            return State(self._context.resources) if self.policies else None
        except InputError:
            return None

    @cached_property
    def _parents(self) -> frozenset[str]:
        """Addresses of policies that others extend."""
        return frozenset(parent for policy in self._context.each(Policy) for parent in policy.spec.extends)

    @cached_property
    def _idle(self) -> _Idle | None:
        """Whether a policy is idle is asked of the state as it is and again where all others that were found are gone:
        of two that say the same each is idle, but not both."""
        if self._state is None:
            return None
        found: list[IdlePolicy] = []
        rest = self._state
        if self.unreachable_bases:
            rest = rest.without(frozenset(base.address for base in self.unreachable_bases))
        emptiness = Emptiness(self._context)
        for policy in reversed(self.policies):
            address = policy.address
            if policy in self.unreachable_bases or address in self._parents or self._is_plainly_odd(policy):
                continue
            if not self.is_idle(policy) or (rest is not self._state and not rest.is_idle(address)):
                continue
            if not emptiness.is_certain(policy.spec.applies_to):
                rest = rest.without(frozenset((address,)))
                found.append(IdlePolicy(policy, self._is_for_somebody(policy)))
        return _Idle(tuple(reversed(found)), rest)

    @property
    def _gone(self) -> tuple[Policy, ...]:
        return (*self.unreachable_bases, *(item.policy for item in self.idle_policies))

    def _is_plainly_odd(self, policy: Policy) -> bool:
        return self._ties(policy) or self._says_nothing(policy)

    def _ties(self, policy: Policy) -> bool:
        """Whether another base has the same subjects and priority."""
        if policy.spec.mode is not PolicyMode.BASE:
            return False
        own = (policy.spec.applies_to, policy.spec.priority)
        others = (item for item in self.policies if item is not policy and item.spec.mode is PolicyMode.BASE)
        return any((other.spec.applies_to, other.spec.priority) == own for other in others)

    def _says_nothing(self, policy: Policy) -> bool:
        if policy.spec.mode is PolicyMode.BASE:
            return False
        layers = self._context.lineage.layers(policy)
        return layers is not None and not any(narrows(layer.spec) for layer in layers)

    def _is_for_somebody(self, policy: Policy) -> bool:
        try:
            return self._state is not None and self._state.is_for_somebody(policy.address)
        except (ExhaustedError, OverflowError):
            return True


def _lists_of(policy: Policy) -> Iterator[tuple[PolicyField, tuple[str, ...]]]:
    for field in policy_fields():
        value = field.value_in(policy.spec)
        if isinstance(value, tuple) and value:
            yield field, value


def _groups_of(policy: Policy) -> Iterator[str]:
    for field, value in _lists_of(policy):
        if field.section in ("tools", "mcp"):
            yield from (text for text in value if text.startswith("group:"))


def _less(policy: Policy, field: PolicyField, entry: str) -> Policy:
    """The policy without an entry of a list."""
    section = getattr(policy.spec, field.section)
    shorter = tuple(item for item in field.value_in(policy.spec) if item != entry)
    changed = section.model_copy(update={field.attribute: shorter})
    return policy.model_copy(update={"spec": policy.spec.model_copy(update={field.section: changed})})


def _keeps_folders(field: PolicyField, value: tuple[str, ...], entry: str) -> bool:
    """Whether the list without the entry keeps the same folders from tools that read all that lies below one. Some
    hosts have such tools; the host whose calls are compared has none."""
    if field.path != "paths.deny":
        return True
    shorter = tuple(item for item in value if item != entry)
    return same_folders(EffectivePaths(deny=value), EffectivePaths(deny=shorter))
