"""What a change of resources is about, so that scoped rights can be asked whether they reach it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clawforge.access.rights import Rights, Target
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.targeting import Selector, Targeted


def change_targets(
    source: str, changed: Iterable[str], before: Mapping[str, Resource], after: Mapping[str, Resource]
) -> tuple[Target, ...]:
    """Every kind, and every group of people, that changing these addresses concerns.

    A resource concerns single groups only when it is for their members and nobody else, before the change and after
    it; a policy also concerns whomever the policies are for that extend it.
    """
    children = _children((*before.values(), *after.values()))
    found: dict[Target, None] = {}
    for address in changed:
        for version in _versions(address, before, after, children):
            for groups in _groups(version):
                found[Target(groups, address.partition("/")[0], source)] = None
    return tuple(found)


def may_change(rights: Rights, permission: str, source: str, targets: tuple[Target, ...]) -> bool:
    """Whether the permission is held over everything that a change concerns.

    A plan without changes only moves positions of its source, so any right over that source is enough.
    """
    if targets:
        return rights.allows_all(permission, targets)
    return any(scope.sources is None or source in scope.sources for scope in rights.over(permission))


def _versions(
    address: str, before: Mapping[str, Resource], after: Mapping[str, Resource], children: Mapping[str, set[str]]
) -> Iterable[Resource]:
    reached, waiting = {address}, [address]
    while waiting:
        new = children.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return [state[item] for item in sorted(reached) for state in (before, after) if item in state]


def _children(resources: Iterable[Resource]) -> dict[str, set[str]]:
    """By the address of a policy, those that extend it."""
    found: dict[str, set[str]] = {}
    for resource in resources:
        if isinstance(resource, Policy):
            for parent in resource.spec.extends:
                found.setdefault(parent, set()).add(resource.address)
    return found


def _groups(resource: Resource) -> list[frozenset[str] | None]:
    spec = resource.spec
    applies_to = spec.applies_to if isinstance(spec, Targeted) else None
    if not isinstance(applies_to, Selector) or not applies_to.groups:
        return [None]
    return [frozenset((group,)) for group in applies_to.groups]
