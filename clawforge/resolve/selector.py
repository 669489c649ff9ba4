"""`appliesTo`, compiled: who matches, and how specifically (SPEC.md 2).

What a subject *is* (user, groups, roles, instance, tags) seldom changes; what it works *through* (agent,
context) changes from call to call. The two halves are asked separately, so that the first is answered once a
subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from clawforge.resolve.membership import SubjectFacts
from clawforge.resource.targeting import AppliesTo, MachineMatch, MachineSelector, Match

SPECIFICITY = ("contexts", "roles", "groups", "tags", "users", "agents", "instances")
"""From the least specific key to the most specific; below all of them stands `everyone`."""

EVERYONE = "everyone"


class Specificity(NamedTuple):
    """How specific a selector is; greater is more specific. `rank` is that of its most specific key, with 0
    for everyone; `keys` counts its conditions, each tag being one of its own. `except` does not count."""

    rank: int
    keys: int

    @property
    def key(self) -> str:
        """The most specific key by name, or `everyone`."""
        return EVERYONE if self.rank == 0 else SPECIFICITY[self.rank - 1]


def specificity(applies_to: AppliesTo) -> Specificity:
    """The specificity of a selector as it is written."""
    if isinstance(applies_to, str):
        return Specificity(0, 0)
    present = [rank for rank, key in enumerate(SPECIFICITY, start=1) if getattr(applies_to, key)]
    return Specificity(max(present), len(present) + max(len(applies_to.tags) - 1, 0))


@dataclass(frozen=True, slots=True)
class Conditions:
    """The keys of a Match as sets; None where a key is not there. Or within a key, and across keys and
    tags."""

    users: frozenset[str] | None
    groups: frozenset[str] | None
    roles: frozenset[str] | None
    instances: frozenset[str] | None
    tags: tuple[tuple[str, frozenset[str]], ...]
    contexts: frozenset[str] | None
    agents: frozenset[str] | None

    def of_subject(self, facts: SubjectFacts) -> bool:
        """Whether the keys about the subject hold: user, groups, roles, instance, tags."""
        return (
            (self.users is None or facts.user in self.users)
            and (self.instances is None or facts.instance in self.instances)
            and (self.groups is None or not self.groups.isdisjoint(facts.groups))
            and (self.roles is None or not self.roles.isdisjoint(facts.roles))
            and all(facts.tags.get(tag) in values for tag, values in self.tags)
        )

    def of_call(self, agent: str | None, context: str | None) -> bool:
        """Whether the keys about the call hold: agent and context."""
        return (self.agents is None or agent in self.agents) and (self.contexts is None or context in self.contexts)

    def parts(self) -> Iterator[ConditionPart]:
        """The keys that are there, each tag being one of its own. All of them must hold, and one value is enough for
        each."""
        for key in ("users", "instances", "groups", "roles", "agents", "contexts"):
            values = getattr(self, key)
            if values is not None:
                yield ConditionPart(key, values)
        for tag, values in self.tags:
            yield ConditionPart(f"tags.{tag}", values)

    def holds(self, facts: SubjectFacts) -> bool:
        """Whether all keys hold."""
        return self.of_subject(facts) and self.of_call(facts.agent, facts.context)

    @property
    def asks_about_call(self) -> bool:
        """Whether `of_call` can be false at all."""
        return self.agents is not None or self.contexts is not None


_NO_CONDITIONS = Conditions(None, None, None, None, (), None, None)


class ConditionPart(NamedTuple):
    """One key of a selector; that of a tag is written `tags.NAME`."""

    key: str
    values: frozenset[str]

    @property
    def alone(self) -> Conditions:
        """This key as all there is."""
        kind, _, tag = self.key.partition(".")
        changed: dict[str, Any] = {"tags": ((tag, self.values),)} if tag else {kind: self.values}
        return replace(_NO_CONDITIONS, **changed)

    def holding(self, facts: SubjectFacts) -> tuple[str, ...]:
        """The values by which the key holds, sorted; none where it does not."""
        each = (ConditionPart(self.key, frozenset((value,))) for value in sorted(self.values))
        return tuple(value for one in each for value in one.values if one.alone.holds(facts))


@dataclass(frozen=True, slots=True)
class CompiledSelector:
    """Conditions, None for everyone, and the exception from them."""

    conditions: Conditions | None
    exception: Conditions | None

    def possible(self, facts: SubjectFacts) -> tuple[bool, bool]:
        """Whether the subject can match through some agent and context, and whether the exception can take
        it out."""
        if self.conditions is not None and not self.conditions.of_subject(facts):
            return False, False
        if self.exception is None or not self.exception.of_subject(facts):
            return True, False
        return self.exception.asks_about_call, True

    def through(self, agent: str | None, context: str | None, *, excepted: bool) -> bool:
        """Whether a subject that can match does so through this agent and context; `excepted` as `possible`
        said."""
        if self.conditions is not None and not self.conditions.of_call(agent, context):
            return False
        return not (excepted and self.exception is not None and self.exception.of_call(agent, context))


def compile_selector(applies_to: AppliesTo | MachineSelector, user_name: Callable[[str], str]) -> CompiledSelector:
    """`user_name` maps a user as written, which may be an email, to the declared name."""
    if isinstance(applies_to, str):
        return CompiledSelector(None, None)
    exception = applies_to.except_
    return CompiledSelector(
        conditions=_compile(applies_to, user_name),
        exception=_compile(exception, user_name) if exception is not None else None,
    )


def _compile(match: MachineMatch, user_name: Callable[[str], str]) -> Conditions:
    of_calls = match if isinstance(match, Match) else None
    return Conditions(
        users=frozenset(map(user_name, match.users)) if match.users else None,
        groups=frozenset(match.groups) if match.groups else None,
        roles=frozenset(match.roles) if match.roles else None,
        instances=frozenset(match.instances) if match.instances else None,
        tags=tuple((tag, frozenset(values)) for tag, values in sorted(match.tags.items())),
        contexts=frozenset(of_calls.contexts) if of_calls is not None and of_calls.contexts else None,
        agents=frozenset(of_calls.agents) if of_calls is not None and of_calls.agents else None,
    )
