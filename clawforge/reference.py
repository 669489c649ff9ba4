"""Where resources name one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.elevation_policy import ElevationPolicy
from clawforge.resource.enrollment import Enrollment
from clawforge.resource.group import Group
from clawforge.resource.invariant import InvariantSpec
from clawforge.resource.meta import Ref, Resource
from clawforge.resource.policy import Policy
from clawforge.resource.policy_test import PolicyTest
from clawforge.resource.registry import BY_KIND
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.targeting import AppliesTo, MachineMatch, MachineSelector, Match, Targeted
from clawforge.resource.waiver import Waiver


class Reference(NamedTuple):
    """A name, the kind of thing that it names, and where it stands in the canonical resource (JSON pointer).

    Besides the kinds of resources there are `context`, `instance` and `kind`.
    """

    kind: str
    name: str
    pointer: str


def references_of(resource: Resource) -> Iterator[Reference]:
    """Everything that a resource names. A subject or reviewer who was never declared is allowed where the product
    serves people whom nobody declared, so users of test cases and `reviewedBy` are not among them.
    """
    spec = resource.spec
    if isinstance(spec, Targeted | InvariantSpec):
        yield from _selected(spec.applies_to, "/spec/appliesTo")
    if isinstance(resource, Policy):
        for index, parent in enumerate(resource.spec.extends):
            yield Reference(*Ref.parse(parent), f"/spec/extends/{index}")
    elif isinstance(resource, Group):
        members = resource.spec.members
        yield from _each("User", members.users, "/spec/members/users")
        yield from _each("instance", members.instances, "/spec/members/instances")
    elif isinstance(resource, RoleBinding):
        yield from _binding(resource)
    elif isinstance(resource, PolicyTest):
        yield from _cases(resource)
    elif isinstance(resource, Enrollment):
        yield from _each("User", resource.spec.users, "/spec/users")
        yield from _each("Group", resource.spec.members, "/spec/members")
        yield from _each("Group", resource.spec.groups, "/spec/groups")
    elif isinstance(resource, ChangePolicy):
        yield from _change_policy(resource)
    elif isinstance(resource, ElevationPolicy):
        for index, grant in enumerate(resource.spec.grants):
            pointer = f"/spec/grants/{index}/approvals/from"
            yield from _each("Role", grant.approvals.from_.roles, f"{pointer}/roles")
            yield from _each("Group", grant.approvals.from_.groups, f"{pointer}/groups")
    elif isinstance(resource, Waiver):
        yield _address(resource.spec.resource, "/spec/resource")


def _each(kind: str, names: tuple[str, ...], pointer: str) -> Iterator[Reference]:
    for index, name in enumerate(names):
        yield Reference(kind, name, f"{pointer}/{index}")


def _selected(applies_to: AppliesTo | MachineSelector, pointer: str) -> Iterator[Reference]:
    if isinstance(applies_to, str):
        return
    yield from _match(applies_to, pointer)
    if applies_to.except_ is not None:
        yield from _match(applies_to.except_, f"{pointer}/except")


def _match(match: MachineMatch, pointer: str) -> Iterator[Reference]:
    yield from _each("User", match.users, f"{pointer}/users")
    yield from _each("Group", match.groups, f"{pointer}/groups")
    yield from _each("Role", match.roles, f"{pointer}/roles")
    yield from _each("instance", match.instances, f"{pointer}/instances")
    if isinstance(match, Match):
        yield from _each("context", match.contexts, f"{pointer}/contexts")


def _binding(resource: RoleBinding) -> Iterator[Reference]:
    spec = resource.spec
    yield Reference("Role", spec.role, "/spec/role")
    yield from _each("User", spec.subjects.users, "/spec/subjects/users")
    yield from _each("Group", spec.subjects.groups, "/spec/subjects/groups")
    yield from _each("ServiceAccount", spec.subjects.service_accounts, "/spec/subjects/serviceAccounts")
    yield from _each("Group", spec.scope.groups, "/spec/scope/groups")
    yield from _each("kind", spec.scope.kinds, "/spec/scope/kinds")


def _change_policy(resource: ChangePolicy) -> Iterator[Reference]:
    for index, rule in enumerate(resource.spec.approvals):
        pointer = f"/spec/approvals/{index}"
        yield from _each("kind", rule.match.kinds, f"{pointer}/match/kinds")
        for number, pattern in enumerate(rule.match.addresses):
            kind = pattern.partition("/")[0]
            if kind != "*":
                yield Reference("kind", kind, f"{pointer}/match/addresses/{number}")
        yield from _each("Role", rule.from_.roles, f"{pointer}/from/roles")
        yield from _each("Group", rule.from_.groups, f"{pointer}/from/groups")
    rollout = resource.spec.rollout
    for index, ring in enumerate(rollout.rings if rollout is not None else ()):
        yield from _selected(ring.applies_to, f"/spec/rollout/rings/{index}/appliesTo")


def _cases(resource: PolicyTest) -> Iterator[Reference]:
    for index, case in enumerate(resource.spec.written):
        pointer = f"/spec/cases/{index}"
        yield from _each("Group", case.subject.groups, f"{pointer}/subject/groups")
        if case.subject.context is not None:
            yield Reference("context", case.subject.context, f"{pointer}/subject/context")
        expected = case.expect.resource
        if expected is not None:
            yield _address(expected, f"{pointer}/expect/resource")


def _address(address: str, pointer: str) -> Reference:
    kind, _, name = address.partition("/")
    return Reference(kind, name, pointer) if kind in BY_KIND else Reference("kind", kind, pointer)
