"""Subjects made to order: the least that somebody must be, for selectors to match.

A subject may be somebody who does not exist yet: a user whom nobody declared, a new instance with any tags, with any
groups that an enrolment or a sign-on gives. Whoever is made here has what is asked for and nothing else, since
everything more could only bring further policies that narrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from clawforge.resolve.membership import Membership, SubjectFacts
from clawforge.resolve.org import OrgModel
from clawforge.resolve.selector import Conditions
from clawforge.resolve.subject import Subject

NEW_USER = "Somebody.New"
"""A name that no declared user can have; one that selectors or groups name all the same is made longer."""


@dataclass(frozen=True, slots=True)
class Want:
    """Conditions that must hold for the subject on one side: 0 is before, 1 after."""

    side: int
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class Given:
    """What is settled about the subject beforehand."""

    user: str | None = None
    instance: str | None = None
    claims: tuple[str, ...] = ()


NOTHING_GIVEN = Given()


class Tailor:
    """Makes subjects for two states of an org."""

    def __init__(self, sides: Sequence[OrgModel]) -> None:
        self._members: tuple[Membership, ...] = tuple(side.membership for side in sides)
        self.alike = Alike(sides)
        self.new_user = _unused(NEW_USER, sides)

    def subjects(self, wants: Iterable[Want], given: Given = NOTHING_GIVEN) -> Iterator[Subject]:
        """Every least subject for which all of these conditions hold."""
        wanted = list(wants)
        asked = [want.conditions for want in wanted]
        tags = _tag_choices(asked)
        users = _choices([item.users for item in asked], given.user)
        instances = _choices([item.instances for item in asked], given.instance)
        if tags is None or users == () or instances == ():
            return
        users = self.alike.users(self._holders(wanted) if users is None else users)
        agents = _choices([item.agents for item in asked], None)
        contexts = _choices([item.contexts for item in asked], None)
        if agents == () or contexts == ():
            return
        seen: set[Subject_] = set()
        for user, instance, agent, context in product(
            users, instances or (None,), agents or (None,), contexts or (None,)
        ):
            for tag_values in tags:
                bare = Subject.model_construct(
                    user=user,
                    instance=instance,
                    agent=agent,
                    context=context,
                    groups=(),
                    tags=dict(tag_values),
                    claims=given.claims,
                )
                for groups in self._group_choices(bare, wanted):
                    key = (user, instance, agent, context, groups, tag_values)
                    if key not in seen:
                        seen.add(key)
                        yield bare if not groups else bare.model_copy(update={"groups": tuple(sorted(groups))})

    def _holders(self, wanted: Sequence[Want]) -> tuple[str, ...]:
        """Somebody new, and whoever holds a role that is asked for by name."""
        found = {self.new_user: None}
        for want in wanted:
            for role in sorted(want.conditions.roles or ()):
                found.update(dict.fromkeys(sorted(self._members[want.side].users_with_role(role))))
        return tuple(found)

    def _group_choices(self, bare: Subject, wanted: Sequence[Want]) -> Iterator[frozenset[str]]:
        """The least sets of groups that must be given beside those that the subject has."""
        facts = [members.facts(bare) for members in self._members]
        open_choices: list[tuple[str, ...]] = []
        for want in wanted:
            missing = _missing(want, facts[want.side], self._members[want.side])
            open_choices.extend(self.alike.groups(options) for options in missing)
        if not open_choices:
            yield frozenset()
            return
        for choice in product(*open_choices):
            yield frozenset(choice)


def _unused(name: str, sides: Sequence[OrgModel]) -> str:
    plain = frozenset[str]()
    while any(_is_known(name, side, plain) for side in sides):
        name += "."
    return name


def _is_known(name: str, side: OrgModel, nothing: frozenset[str]) -> bool:
    facts = side.facts(Subject(user=name))
    return facts.declared or facts.groups != nothing or facts.roles != nothing or name in side.index.named_users


Subject_ = tuple[str, str | None, str | None, str | None, frozenset[str], tuple[tuple[str, str], ...]]


def _missing(want: Want, facts: SubjectFacts, members: Membership) -> Iterator[frozenset[str]]:
    """For each condition that does not hold yet, the groups of which any one makes it hold."""
    groups, roles = want.conditions.groups, want.conditions.roles
    if groups is not None and groups.isdisjoint(facts.groups):
        yield groups
    if roles is not None and roles.isdisjoint(facts.roles):
        yield frozenset(group for role in roles for group in members.groups_with_role(role))


def _choices(asked: Sequence[frozenset[str] | None], settled: str | None) -> tuple[str, ...] | None:
    """The values that satisfy everybody who asks; None if nobody does."""
    given = [values for values in asked if values is not None]
    if settled is not None:
        return (settled,) if all(settled in values for values in given) else ()
    return tuple(sorted(frozenset.intersection(*given))) if given else None


def _tag_choices(asked: Sequence[Conditions]) -> list[tuple[tuple[str, str], ...]] | None:
    """Every assignment of the tags that are asked for; None if there is none."""
    wanted: dict[str, frozenset[str]] = {}
    for item in asked:
        for tag, values in item.tags:
            wanted[tag] = wanted[tag] & values if tag in wanted else values
    if not all(wanted.values()):
        return None
    tags = sorted(wanted)
    return [tuple(zip(tags, values, strict=True)) for values in product(*(sorted(wanted[tag]) for tag in tags))]


class Alike:
    """Names that no selector tells apart: one of them stands for all."""

    def __init__(self, sides: Sequence[OrgModel]) -> None:
        self._sides = sides
        self._groups = _mentions(sides, "groups")
        self._users = _mentions(sides, "users")
        self._roles = tuple(_roles_of_groups(side) for side in sides)

    def groups(self, names: Iterable[str]) -> tuple[str, ...]:
        """One group of each kind, the first by name."""
        found: dict[object, str] = {}
        for name in sorted(names):
            roles = tuple(held.get(name, frozenset()) for held in self._roles)
            found.setdefault((self._groups.get(name), roles), name)
        return tuple(found.values())

    def users(self, names: Iterable[str]) -> tuple[str, ...]:
        """One user of each kind, the first of them."""
        found: dict[object, str] = {}
        for name in names:
            found.setdefault(self.kind_of_user(name), name)
        return tuple(found.values())

    def kind_of_user(self, name: str) -> object:
        """Users of one kind are treated alike on both sides."""
        bare = Subject.model_construct(user=name, tags={}, groups=(), claims=())
        facts = [side.facts(bare) for side in self._sides]
        return tuple((item.groups, item.roles, item.suspended, self._users.get(item.user)) for item in facts)


def _mentions(sides: Sequence[OrgModel], key: str) -> dict[str, frozenset[tuple[int, int, bool]]]:
    """Where each name stands in selectors: side, target, and whether in an exception."""
    found: dict[str, set[tuple[int, int, bool]]] = {}
    for number, side in enumerate(sides):
        for index, target in enumerate(side.index.targets):
            for conditions in (target.selector.conditions, target.selector.exception):
                for name in (getattr(conditions, key) or ()) if conditions is not None else ():
                    found.setdefault(name, set()).add((number, index, conditions is target.selector.exception))
    return {name: frozenset(places) for name, places in found.items()}


def _roles_of_groups(side: OrgModel) -> dict[str, frozenset[str]]:
    roles = {role for target in side.index.targets for role in _asked_roles(target.selector.conditions)}
    roles |= {role for target in side.index.targets for role in _asked_roles(target.selector.exception)}
    found: dict[str, set[str]] = {}
    for role in roles:
        for group in side.membership.groups_with_role(role):
            found.setdefault(group, set()).add(role)
    return {group: frozenset(held) for group, held in found.items()}


def _asked_roles(conditions: Conditions | None) -> frozenset[str]:
    return frozenset() if conditions is None or conditions.roles is None else conditions.roles
