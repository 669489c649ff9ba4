"""From a subject to the facts that selectors ask about: declared name, groups, roles, tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from clawforge.resource.group import Group
from clawforge.resource.meta import Resource
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.user import User, UserState

if TYPE_CHECKING:
    from clawforge.resolve.subject import Subject


@dataclass(frozen=True, slots=True)
class SubjectFacts:
    """A subject as selectors see it. `user` is the declared name where there is one; groups are those
    declared in files and those given at enrolment; a suspended user is known by name but matches no base."""

    user: str
    declared: bool
    suspended: bool
    instance: str | None
    agent: str | None
    context: str | None
    groups: frozenset[str]
    roles: frozenset[str]
    tags: Mapping[str, str]


class Ground(NamedTuple):
    """Why a subject is in a group or holds a role: the resource that says so, and which of its keys by which value.

    `resource` is None for what was given at enrolment. `value` names the user, instance, claim or group, and for `tags`
    the tags.
    """

    of: str
    resource: str | None
    key: str
    value: str


class Membership:
    """Who belongs where, indexed from both sides once, so that a subject costs a few look-ups."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._names: dict[str, str] = {}
        self._suspended: set[str] = set()
        self._declared: set[str] = set()
        self._by_user: dict[str, set[str]] = {}
        self._by_instance: dict[str, set[str]] = {}
        self._by_claim: dict[str, set[str]] = {}
        self._by_tags: list[tuple[str, tuple[tuple[str, frozenset[str]], ...]]] = []
        self._user_roles: dict[str, set[tuple[str, str]]] = {}
        self._group_roles: dict[str, set[tuple[str, str]]] = {}
        ordered = list(resources)
        for resource in ordered:
            if isinstance(resource, User):
                self._add_user(resource)
        for resource in ordered:
            if isinstance(resource, Group):
                self._add_group(resource)
            elif isinstance(resource, RoleBinding):
                self._add_binding(resource)

    def user_name(self, user: str) -> str:
        """The declared name of a user given by name or email; an email that nobody declared, in lower
        case."""
        if user in self._declared or "@" not in user:
            return user
        email = user.lower()
        return self._names.get(email, email)

    def facts(self, subject: Subject) -> SubjectFacts:
        """Everything that a selector can ask about the subject. Undeclared users and instances are no
        error."""
        user = self.user_name(subject.user)
        groups = set(subject.groups)
        for _, _, names in self._group_sources(user, subject):
            groups.update(names)
        roles = {role for _, _, held in self._role_sources(user, groups) for role, _ in held}
        return SubjectFacts(
            user=user,
            declared=user in self._declared,
            suspended=user in self._suspended,
            instance=subject.instance,
            agent=subject.agent,
            context=subject.context,
            groups=frozenset(groups),
            roles=frozenset(roles),
            tags=subject.tags,
        )

    def grounds_of_groups(self, subject: Subject) -> tuple[Ground, ...]:
        """Why the subject is in each of its groups, sorted; a group may be there for several reasons."""
        found = {Ground(name, None, "enrolment", "") for name in subject.groups}
        for key, value, names in self._group_sources(self.user_name(subject.user), subject):
            found.update(Ground(name, f"Group/{name}", key, value) for name in names)
        return tuple(sorted(found, key=_ground_order))

    def grounds_of_roles(self, facts: SubjectFacts) -> tuple[Ground, ...]:
        """Why the subject holds each of its roles, sorted."""
        found = {
            Ground(role, binding, key, value)
            for key, value, held in self._role_sources(facts.user, facts.groups)
            for role, binding in held
        }
        return tuple(sorted(found, key=_ground_order))

    def _group_sources(self, user: str, subject: Subject) -> Iterator[tuple[str, str, Iterable[str]]]:
        """(key, value, groups): which groups a key of their members brings, by which value."""
        yield "users", user, self._by_user.get(user, ())
        if subject.instance is not None:
            yield "instances", subject.instance, self._by_instance.get(subject.instance, ())
        for claim in subject.claims:
            yield "claims", claim, self._by_claim.get(claim, ())
        for group, conditions in self._by_tags:
            if all(subject.tags.get(tag) in values for tag, values in conditions):
                yield "tags", ", ".join(tag for tag, _ in conditions), (group,)

    def _role_sources(self, user: str, groups: Iterable[str]) -> Iterator[tuple[str, str, Iterable[tuple[str, str]]]]:
        """(key, value, roles with the address of their binding)."""
        yield "users", user, self._user_roles.get(user, ())
        for group in groups:
            yield "groups", group, self._group_roles.get(group, ())

    def users_with_role(self, role: str) -> frozenset[str]:
        """Users to whom a role is bound by name."""
        return frozenset(user for user, held in self._user_roles.items() if any(name == role for name, _ in held))

    def groups_with_role(self, role: str) -> frozenset[str]:
        """Groups to which a role is bound."""
        return frozenset(group for group, held in self._group_roles.items() if any(name == role for name, _ in held))

    def kind_of_user(self, user: str) -> int | str:
        """Users of one kind are in the same groups, hold the same roles by their own name, and are both declared or
        not, suspended or not. Somebody whom nobody declared but some group or binding names is a kind of their own."""
        known = self._kinds.get(user)
        if known is not None:
            return known
        return user if user in self._by_user or user in self._user_roles else -1

    @cached_property
    def declared_by_kind(self) -> tuple[tuple[str, ...], ...]:
        """The declared users, those of one kind together."""
        found: dict[int, list[str]] = {}
        for user, kind in self._kinds.items():
            found.setdefault(kind, []).append(user)
        return tuple(tuple(users) for users in found.values())

    @cached_property
    def _kinds(self) -> Mapping[str, int]:
        numbers: dict[object, int] = {}
        nothing: frozenset[str] = frozenset()
        return {
            user: numbers.setdefault(
                (
                    frozenset(self._by_user.get(user, nothing)),
                    frozenset(self._user_roles.get(user, ())),
                    user in self._suspended,
                ),
                len(numbers),
            )
            for user in sorted(self._declared)
        }

    def groups_of_instance(self, instance: str) -> frozenset[str]:
        """Groups that list an instance by name."""
        return frozenset(self._by_instance.get(instance, ()))

    @property
    def declared(self) -> frozenset[str]:
        """The names of declared users."""
        return frozenset(self._declared)

    def _add_user(self, resource: User) -> None:
        name = resource.metadata.name
        self._declared.add(name)
        # Two users with one email are an error elsewhere; here the first by name holds it, whatever the load
        # order.
        known = self._names.get(resource.spec.email)
        self._names[resource.spec.email] = name if known is None else min(name, known)
        if resource.spec.state is UserState.SUSPENDED:
            self._suspended.add(name)

    def _add_group(self, resource: Group) -> None:
        """A subject is a member through any key; within `tags`, every tag that is named must have one of its
        values."""
        name, members = resource.metadata.name, resource.spec.members
        for user in members.users:
            self._by_user.setdefault(self.user_name(user), set()).add(name)
        for instance in members.instances:
            self._by_instance.setdefault(instance, set()).add(name)
        for claim in members.claims:
            self._by_claim.setdefault(claim, set()).add(name)
        if members.tags:
            conditions = tuple((tag, frozenset(values)) for tag, values in sorted(members.tags.items()))
            self._by_tags.append((name, conditions))

    def _add_binding(self, resource: RoleBinding) -> None:
        """The scope bounds what the role may touch, not who holds it, so targeting does not look at it."""
        held, subjects = (resource.spec.role, resource.address), resource.spec.subjects
        for user in subjects.users:
            self._user_roles.setdefault(self.user_name(user), set()).add(held)
        for group in subjects.groups:
            self._group_roles.setdefault(group, set()).add(held)


def _ground_order(ground: Ground) -> tuple[str, str, str, str]:
    return (ground.of, ground.resource or "", ground.key, ground.value)
