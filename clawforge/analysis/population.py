"""The subjects that are known, grouped: everybody of one cohort is treated alike on both sides of a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from clawforge.analysis.world import Class, World
from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.subject import Subject
from clawforge.resource.user import User

Wanted = Callable[[SubjectFacts], bool]

_MOST_TARGETS = 50
"""Changed targets that everybody is held against by themselves; with more, everybody's whole class is worked out."""


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
        return _subject(self.user, self)


@dataclass(slots=True)
class Cohort:
    """Known subjects of one class. `first` is one of them, and `facts` are its."""

    one: Class
    first: Subject
    facts: tuple[SubjectFacts, SubjectFacts]
    users: list[str] = field(default_factory=list)
    instances: list[KnownInstance] = field(default_factory=list)


@dataclass(slots=True)
class _Kind:
    """People and machines of whom everything is equal that selectors may ask about."""

    first: Subject
    users: list[str] = field(default_factory=list)
    instances: list[KnownInstance] = field(default_factory=list)


class Population:
    """Everybody who is known: declared users, and enrolled instances."""

    def __init__(self, world: World, instances: Iterable[KnownInstance] = ()) -> None:
        self._world = world
        self._kinds: dict[object, _Kind] = {}
        sides = world.sides[:1] if world.has_same_people else world.sides
        self._members = tuple(side.membership for side in sides)
        self._named_users = frozenset().union(*(side.index.named_users for side in world.sides))
        self._named_instances = frozenset().union(*(side.index.named_instances for side in world.sides))
        if world.has_same_people:
            for users in self._members[0].declared_by_kind:
                self._add_alike(users)
        else:
            for user in self._users():
                self._add(self._user_key(user), user)
        for instance in instances:
            instance_key = self._instance_key(instance)
            kind = self._kinds.get(instance_key)
            if kind is None:
                kind = self._kinds[instance_key] = _Kind(instance.subject)
            kind.instances.append(instance)

    def _add_alike(self, users: Sequence[str]) -> None:
        """Users whom only being named could tell apart."""
        named = sorted(self._named_users.intersection(users))
        for user in named:
            self._add(self._user_key(user), user)
        plain = [user for user in users if user not in named] if named else list(users)
        if plain:
            self._kinds[self._user_key(plain[0])] = _Kind(_subject(plain[0]), plain)

    def _add(self, key: object, user: str) -> None:
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Kind(_subject(user))
        kind.users.append(user)

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """Every class that somebody known is in."""
        return tuple(self._gathered(lambda _: True))

    @property
    def touched(self) -> Iterator[Cohort]:
        """Those for whom something changed that may matter."""
        world = self._world
        quick = world.has_same_people and world.changed_target_count <= _MOST_TARGETS
        for cohort in self._gathered(world.may_touch if quick else lambda _: True):
            if not world.is_untouched(cohort.one):
                yield cohort

    def _gathered(self, wanted: Wanted) -> Iterator[Cohort]:
        cohorts: dict[Class, Cohort] = {}
        for kind in self._kinds.values():
            facts = self._world.facts(kind.first)
            if not wanted(facts[0]):
                continue
            one = self._world.class_of(facts)
            cohort = cohorts.get(one)
            if cohort is None:
                cohort = cohorts[one] = Cohort(one, kind.first, facts)
            cohort.users.extend(kind.users)
            cohort.instances.extend(kind.instances)
        yield from cohorts.values()

    def _users(self) -> Iterable[str]:
        found: dict[str, None] = {}
        for side in self._world.resources:
            found.update((item.metadata.name, None) for item in side.values() if isinstance(item, User))
        return found

    def _user_key(self, user: str) -> object:
        """Everything that selectors ask about somebody, with the name only where some selector names it."""
        kinds = tuple([members.kind_of_user(user) for members in self._members])
        return (kinds, user if user in self._named_users else None)

    def _instance_key(self, instance: KnownInstance) -> object:
        name = instance.name
        listed = tuple([members.groups_of_instance(name) for members in self._members])
        user = self._user_key(self._members[0].user_name(instance.user))
        return (user, name if name in self._named_instances else None, listed, instance.groups, instance.tags)


def _subject(user: str, instance: KnownInstance | None = None) -> Subject:
    return Subject.model_construct(
        user=user,
        instance=None if instance is None else instance.name,
        agent=None,
        context=None,
        groups=() if instance is None else instance.groups,
        tags={} if instance is None else dict(instance.tags),
        claims=(),
    )
