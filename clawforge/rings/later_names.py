"""Resources of before under the names that people have now: renames reach all machines at once, rollouts do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from clawforge.history import chained
from clawforge.plan import Action, Plan
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.group import Group
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.rollout_rule import RolloutRule
from clawforge.resource.skill_approval import SkillApproval
from clawforge.resource.targeting import Everyone, MachineMatch, MachineSelector, Selector
from clawforge.resource.user import User
from clawforge.resource.version_target import VersionTarget

_USER = "User/"
_Match = TypeVar("_Match", bound=MachineMatch)


def names_after(names: Mapping[str, str], plan: Plan) -> dict[str, str]:
    """Former to present names of users that `plan` renames, and of those that were renamed before it. Whoever it
    deletes has no name any more."""
    step = {
        change.previous.removeprefix(_USER): change.address.removeprefix(_USER)
        for change in plan.changes
        if change.previous is not None and change.address.startswith(_USER)
    }
    deleted = {change.address.removeprefix(_USER) for change in plan.changes if change.action is Action.DELETE}
    taken = set(step.values()).difference(step) | deleted
    kept = {former: later for former, later in names.items() if later not in taken}
    # Whoever got a name only after somebody else had given it up was not there before.
    newcomers = names.keys() - set(names.values())
    step = {former: later for former, later in step.items() if former not in newcomers}
    return {former: later for former, later in chained([kept, step]).items() if former != later}


def under_later_names(resources: Mapping[str, Resource], names: Mapping[str, str]) -> dict[str, Resource]:
    """These resources as if the users had had their later names then, so that each means the same people and their
    machines. What names none of them stays the same object. Who had a name that is somebody else's now is nobody."""
    if not names:
        return dict(resources)
    later = _renaming(names)
    gone = set(names.values()).difference(names)
    found = (_renamed(item, later) for item in resources.values() if not (isinstance(item, User) and _of(item) in gone))
    return {item.address: item for item in found}


def rule_under_later_names(rule: RolloutRule, names: Mapping[str, str]) -> RolloutRule:
    """The rule, with the same people in its rings."""
    if not names:
        return rule
    later = _renaming(names)
    rings = tuple(ring.model_copy(update={"applies_to": _selector(ring.applies_to, later)}) for ring in rule.rings)
    return rule.model_copy(update={"rings": rings})


def _of(user: User) -> str:
    return user.metadata.name


def _renaming(names: Mapping[str, str]) -> Callable[[str], str]:
    # With a `+` it is the name of no user that could be declared.
    nobody = {name: f"{name}+before" for name in set(names.values()).difference(names)}
    every = {**nobody, **names}
    return lambda name: every.get(name, name)


def _renamed(resource: Resource, later: Callable[[str], str]) -> Resource:
    if isinstance(resource, User):
        name = later(_of(resource))
        if name == _of(resource):
            return resource
        return resource.model_copy(update={"metadata": resource.metadata.model_copy(update={"name": name})})
    if isinstance(resource, Group):
        members = resource.spec.members
        people = _people(members.users, later)
        if people == members.users:
            return resource
        members = members.model_copy(update={"users": people})
        return resource.model_copy(update={"spec": resource.spec.model_copy(update={"members": members})})
    if isinstance(resource, RoleBinding):
        subjects = resource.spec.subjects
        people = _people(subjects.users, later)
        if people == subjects.users:
            return resource
        subjects = subjects.model_copy(update={"users": people})
        return resource.model_copy(update={"spec": resource.spec.model_copy(update={"subjects": subjects})})
    if isinstance(resource, Policy | DlpRuleSet | SkillApproval | VersionTarget):
        return _targeted(resource, later)
    return resource


def _targeted(resource: Policy | DlpRuleSet | SkillApproval | VersionTarget, later: Callable[[str], str]) -> Resource:
    before = resource.spec.applies_to
    after = _selector(before, later)
    if after is before:
        return resource
    return resource.model_copy(update={"spec": resource.spec.model_copy(update={"applies_to": after})})


def _selector(
    selector: Everyone | Selector | MachineSelector, later: Callable[[str], str]
) -> Everyone | Selector | MachineSelector:
    if isinstance(selector, str):
        return selector
    found = _match(selector, later)
    if selector.except_ is None:
        return found
    but = _match(selector.except_, later)
    return found if but is selector.except_ else found.model_copy(update={"except_": but})


def _match(match: _Match, later: Callable[[str], str]) -> _Match:
    people = _people(match.users, later)
    return match if people == match.users else match.model_copy(update={"users": people})


def _people(users: tuple[str, ...], later: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(sorted({later(user) for user in users}))
