"""Where a change touches somebody: the resources for subjects that changed, and the memberships."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from clawforge.analysis.policy_change import compared_alone
from clawforge.analysis.wants import NEW_USER, NOTHING_GIVEN, Alike, Given, Want
from clawforge.analysis.world import World
from clawforge.resolve.selector import Conditions
from clawforge.resolve.subject import Subject
from clawforge.resolve.targets import Target
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.group import Group, GroupMembers
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.role_binding import BindingSubjects, RoleBinding
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.targeting import Enforcement
from clawforge.resource.user import User
from clawforge.resource.version_target import VersionTarget

_NOBODY_ASKED = Conditions(None, None, None, None, (), None, None)


@dataclass(frozen=True, slots=True)
class Seed:
    """What somebody must be to be touched by the change of one resource."""

    address: str
    wants: frozenset[Want]
    given: Given = NOTHING_GIVEN


@dataclass(frozen=True, slots=True)
class Possible:
    """The ways in which a change can work at all, by what sort of change it is."""

    looser: bool
    tighter: bool


def possible_directions(world: World) -> Possible:
    """What only narrows can only tighten when it comes, and loosen when it goes; what never decides does neither."""
    before, after = (any(isinstance(item, Policy) for item in side.values()) for side in world.resources)
    if not before or not after:
        # Without any policy nothing is allowed: there is nothing to lose, or nothing to gain.
        return Possible(looser=after, tighter=before)
    if world.concerns_everybody:
        return Possible(True, True)
    looser = tighter = False
    for address in world.changed:
        old, new = (side.get(address) for side in world.resources)
        if _decides_nothing(old) and _decides_nothing(new):
            continue
        alone = compared_alone(world, address)
        if alone is not None:
            looser |= alone.looser is not None or bool(alone.maybe_looser)
            tighter |= alone.tighter is not None or bool(alone.maybe_tighter)
            continue
        narrow = all(item is None or _narrows(item) or _decides_nothing(item) for item in (old, new))
        looser |= not narrow or not _decides_nothing(old)
        tighter |= not narrow or not _decides_nothing(new)
    return Possible(looser, tighter)


def seeds(world: World, alike: Alike) -> Iterator[Seed]:
    """Everything that a subject who is touched must have at least one of. Of users who are alike one is enough."""
    if world.concerns_everybody:
        yield Seed("", frozenset())
        for side in (0, 1):
            for target in world.sides[side].index.targets:
                yield Seed(target.address, wants_of(side, target))
    for side in (0, 1):
        for target in world.sides[side].index.targets:
            if target.address in world.changed:
                yield Seed(target.address, wants_of(side, target))
    known: set[object] = set()
    for address in sorted(world.changed):
        for seed in _memberships(world, address):
            kind = (seed.wants, seed.given) if seed.given.user is None else alike.kind_of_user(seed.given.user)
            if kind in known:
                continue
            known.add(kind)
            yield seed
            for wants in _related(world, seed):
                yield Seed(address, seed.wants | wants, seed.given)


def wants_of(side: int, target: Target) -> frozenset[Want]:
    """What matching a target asks for."""
    conditions = target.selector.conditions
    return frozenset() if conditions is None else frozenset((Want(side, conditions),))


def _narrows(resource: Resource) -> bool:
    if isinstance(resource, Policy):
        return resource.spec.mode is not PolicyMode.BASE
    if isinstance(resource, SkillApproval):
        return resource.spec.status is not SkillStatus.APPROVED
    return isinstance(resource, DlpRuleSet | VersionTarget)


def _decides_nothing(resource: Resource | None) -> bool:
    """It is not there, is no resource about subjects, or only records."""
    if resource is None:
        return True
    if isinstance(resource, Policy | DlpRuleSet):
        return resource.spec.enforcement is not Enforcement.ENFORCE
    return not isinstance(resource, SkillApproval | VersionTarget | Group | RoleBinding | User)


def _memberships(world: World, address: str) -> Iterator[Seed]:
    """Whom a changed group, binding or user concerns: by name, by claim, by tag or by group."""
    before, after = (side.get(address) for side in world.resources)
    if isinstance(before or after, Group):
        yield from _group_members(address, _members_of(before), _members_of(after))
    elif isinstance(before or after, RoleBinding):
        ours, theirs = _subjects_of(before), _subjects_of(after)
        same_role = _role_of(before) == _role_of(after)
        for user in _differing(ours.users, theirs.users, same_role):
            yield Seed(address, frozenset(), Given(user=user))
        for group in _differing(ours.groups, theirs.groups, same_role):
            yield Seed(address, _wanting(groups=frozenset((group,))))
    else:
        for person in (item for item in (before, after) if isinstance(item, User)):
            # Whose email it was before, or is now, may be somebody else: what names the email means them.
            holders = {model.membership.user_name(person.spec.email) for model in world.sides}
            for user in sorted({person.metadata.name, person.spec.email, *holders}):
                yield Seed(address, frozenset(), Given(user=user))


def _group_members(address: str, before: GroupMembers, after: GroupMembers) -> Iterator[Seed]:
    for user in _differing(before.users, after.users, True):
        yield Seed(address, frozenset(), Given(user=user))
    for instance in _differing(before.instances, after.instances, True):
        yield Seed(address, frozenset(), Given(instance=instance))
    for claim in _differing(before.claims, after.claims, True):
        yield Seed(address, frozenset(), Given(claims=(claim,)))
    if before.tags != after.tags:
        for tags in (before.tags, after.tags):
            if tags:
                yield Seed(address, _wanting(tags=tuple((tag, frozenset(tags[tag])) for tag in sorted(tags))))


def _wanting(**conditions: Any) -> frozenset[Want]:
    return frozenset((Want(0, replace(_NOBODY_ASKED, **conditions)),))


def _differing(before: Iterable[str], after: Iterable[str], same: bool) -> list[str]:
    """The names of one side alone; with another meaning of the names on the two sides, all of them."""
    ours, theirs = set(before), set(after)
    return sorted(ours ^ theirs if same else ours | theirs)


def _role_of(binding: Resource | None) -> str | None:
    return binding.spec.role if isinstance(binding, RoleBinding) else None


def _related(world: World, seed: Seed) -> Iterator[frozenset[Want]]:
    """What else somebody must match whose membership changed: that which names a group or role that comes or goes, or
    which excepts it."""
    moved = _moved(world, seed)
    for side in (0, 1):
        for target in world.sides[side].index.targets:
            conditions, exception = target.selector.conditions, target.selector.exception
            own = wants_of(side, target)
            if conditions is not None and _names_any(conditions, *moved):
                yield own
            if exception is not None and _names_any(exception, *moved):
                yield own
                yield own | {Want(side, exception)}


def _moved(world: World, seed: Seed) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The groups, roles and names that somebody has on one side only. A group that takes in others than before is
    among them whoever they are, with its roles."""
    given = seed.given
    kind, _, name = seed.address.partition("/")
    own = frozenset((name,) if kind == "Group" else ())
    subject = Subject(user=given.user or NEW_USER, instance=given.instance, claims=given.claims)
    groups = tuple(group for want in seed.wants for group in sorted(want.conditions.groups or ()))
    before, after = world.facts(subject.model_copy(update={"groups": groups}))
    held = [facts.roles for facts in world.facts(Subject(user=NEW_USER, groups=tuple(own)))] if own else []
    return (
        (before.groups ^ after.groups) | own,
        (before.roles ^ after.roles).union(*held),
        frozenset((before.user, after.user)),
    )


def _names_any(conditions: Conditions, groups: frozenset[str], roles: frozenset[str], users: frozenset[str]) -> bool:
    return (
        not groups.isdisjoint(conditions.groups or ())
        or not roles.isdisjoint(conditions.roles or ())
        or not users.isdisjoint(conditions.users or ())
    )


def _members_of(group: Resource | None) -> GroupMembers:
    return group.spec.members if isinstance(group, Group) else GroupMembers()


def _subjects_of(binding: Resource | None) -> BindingSubjects:
    if isinstance(binding, RoleBinding):
        return binding.spec.subjects
    return BindingSubjects.model_construct(users=(), groups=(), service_accounts=())
