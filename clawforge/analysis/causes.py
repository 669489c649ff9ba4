"""Which resources bring about what changes for a class of subjects."""

from __future__ import annotations

from functools import lru_cache

from clawforge.analysis.population import Cohort
from clawforge.analysis.world import Seen, World
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy
from clawforge.resource.targeting import Enforcement


def moved_groups(world: World) -> frozenset[str]:
    """The changed resources that decide who belongs where."""
    return frozenset(
        address for address in world.changed if address.partition("/")[0] in ("Group", "RoleBinding", "User")
    )


def causes(world: World, cohort: Cohort, seen: Seen, moved: frozenset[str]) -> tuple[str, ...]:
    """The changed memberships of the cohort, and the resources that changed or come or go for it."""
    found = {address for address in _matched_otherwise(world, seen) if _decides(world, address)}
    found = {address for address in found if address.startswith("Policy/")} or found
    before, after = cohort.facts
    groups = {f"Group/{name}" for name in before.groups ^ after.groups}
    if before.suspended != after.suspended:
        groups.add(f"User/{after.user}")
    if (before.roles ^ after.roles) & world.asked_roles:
        groups |= {address for address in moved if address.startswith("RoleBinding/")}
    if not found and world.concerns_everybody:
        found = {item.address for side in world.resources for item in side.values() if isinstance(item, Organization)}
    return (*sorted(groups), *sorted(found))


def _matched_otherwise(world: World, seen: Seen) -> frozenset[str]:
    """What matches and changed, and what matches on one side only. What a cohort has in common with others, which may
    be thousands, is looked at once for all of them."""
    before, after = seen.before, seen.after
    old, new, differing = _in_common(before.common, after.common)
    ours, theirs = frozenset(before.own), frozenset(after.own)
    one_sided = (
        address
        for address in differing | ours | theirs
        if (address in ours or address in old) != (address in theirs or address in new)
    )
    return frozenset(one_sided).union(*(world.changed & side for side in (old, new, ours, theirs)))


@lru_cache(maxsize=4)
def _in_common(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    """Both as sets, and what only one of them holds."""
    old, new = frozenset(before), frozenset(after)
    return old, new, old ^ new


def _decides(world: World, address: str) -> bool:
    """Whether a resource decides anything on either side: a policy on trial does not."""
    versions = [side[address] for side in world.resources if address in side]
    return not versions or any(
        not isinstance(item, Policy) or item.spec.enforcement is Enforcement.ENFORCE for item in versions
    )
