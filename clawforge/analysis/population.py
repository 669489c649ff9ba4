"""The subjects that are known, grouped: everybody of one group is treated alike on both sides of a change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from clawforge.analysis.world import Class, World
from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.subject import Subject
from clawforge.resource.user import User


@dataclass(frozen=True, slots=True)
class KnownInstance:
    """A machine that enrolled, with what its enrolment gave it and the versions that it reported."""

    name: str
    user: str
    groups: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    versions: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> Subject:
        """Its user, on it."""
        return Subject.model_construct(
            user=self.user,
            instance=self.name,
            agent=None,
            context=None,
            groups=self.groups,
            tags=dict(self.tags),
            claims=(),
        )


@dataclass(slots=True)
class Cohort:
    """Known subjects of one class. `facts` are those of the first."""

    one: Class
    first: Subject
    facts: tuple[SubjectFacts, SubjectFacts]
    users: list[str] = field(default_factory=list)
    instances: list[KnownInstance] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The users, and `user on instance` for the instances."""
        return [*self.users, *(f"{item.user} on {item.name}" for item in self.instances)]


class Population:
    """Everybody who is known: declared users, and enrolled instances."""

    def __init__(self, world: World, instances: Iterable[KnownInstance] = ()) -> None:
        self._world = world
        self._classes: dict[object, Class] = {}
        self._cohorts: dict[Class, Cohort] = {}
        self._named = tuple(side.index.named_users for side in world.sides)
        self._instances = tuple(side.index.named_instances for side in world.sides)
        for user in self._users():
            bare = Subject.model_construct(
                user=user, instance=None, agent=None, context=None, groups=(), tags={}, claims=()
            )
            self._cohort(bare).users.append(user)
        for instance in instances:
            self._cohort(instance.subject).instances.append(instance)

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Every class that somebody known is in."""
        return tuple(self._cohorts.values())

    @property
    def touched(self) -> Iterator[Cohort]:
        """Those for whom something changed that may matter."""
        return (cohort for cohort in self._cohorts.values() if not self._world.is_untouched(cohort.one))

    def _users(self) -> list[str]:
        found: dict[str, None] = {}
        for side in self._world.resources:
            found.update((item.metadata.name, None) for item in side.values() if isinstance(item, User))
        return list(found)

    def _cohort(self, subject: Subject) -> Cohort:
        facts = self._world.facts(subject)
        key = (self._key(0, facts[0]), self._key(1, facts[1]))
        one = self._classes.get(key)
        if one is None:
            one = self._classes[key] = self._world.class_of(facts)
        cohort = self._cohorts.get(one)
        if cohort is None:
            cohort = self._cohorts[one] = Cohort(one, subject, facts)
        return cohort

    def _key(self, side: int, facts: SubjectFacts) -> object:
        """Everything that selectors ask about somebody, with names only where selectors name them."""
        return (
            facts.groups,
            facts.roles,
            facts.suspended,
            facts.user if facts.user in self._named[side] else None,
            facts.instance if facts.instance in self._instances[side] else None,
            tuple(sorted(facts.tags.items())) if facts.tags else (),
        )
