"""Rights: permissions with the part of the org over which they count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from clawforge.access.permission import EVERYTHING, common, covers

_MOST_PLACES = 20_000


@dataclass(frozen=True, slots=True)
class Target:
    """What an action is about; None in a place means all of it, or that it is about no such thing.

    `groups` are those that the person or machine concerned belongs to. An action that concerns several resources or
    several groups of people is several targets, each of which has to be allowed.
    """

    groups: frozenset[str] | None = None
    kind: str | None = None
    source: str | None = None
    environment: str | None = None


ORG_WIDE = Target()
"""The org as a whole: a scoped right does not count for it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Over what a right counts; None means everything."""

    groups: frozenset[str] | None = None
    kinds: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    environments: frozenset[str] | None = None

    def holds(self, target: Target) -> bool:
        """Whether the target lies within. Membership in one of the groups is enough."""
        if self.groups is not None and (target.groups is None or self.groups.isdisjoint(target.groups)):
            return False
        return (
            (self.kinds is None or target.kind in self.kinds)
            and (self.sources is None or target.source in self.sources)
            and (self.environments is None or target.environment in self.environments)
        )

    def includes(self, other: Scope) -> bool:
        """Whether every target within the other lies within this one."""
        return all(
            mine is None or (theirs is not None and theirs <= mine)
            for mine, theirs in zip(self._parts(), other._parts(), strict=True)
        )

    def hardest(self) -> Iterator[Target] | None:
        """Targets such that whoever holds a right over each of them holds it over the whole scope.

        A place where anything counts is hardest with nothing named there: only rights that are not bounded in that
        place count for it, and those count for every name too. None when they are too many to look at.
        """
        parts = [(None,) if part is None else tuple(sorted(part)) for part in self._parts()]
        count = 1
        for part in parts:
            count *= len(part)
        if count > _MOST_PLACES:
            return None
        return (
            Target(None if group is None else frozenset((group,)), kind, source, environment)
            for group, kind, source, environment in product(*parts)
        )

    def __str__(self) -> str:
        names = ("groups", "kinds", "sources", "environments")
        bounded = [
            f"{name} {', '.join(sorted(part))}"
            for name, part in zip(names, self._parts(), strict=True)
            if part is not None
        ]
        return "; ".join(bounded) or "everything"

    def _parts(self) -> tuple[frozenset[str] | None, ...]:
        return (self.groups, self.kinds, self.sources, self.environments)


EVERYWHERE = Scope()
BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Right:
    """A permission over a scope. `via` is the address of the resource that gives it, or `built-in`."""

    permission: str
    scope: Scope = EVERYWHERE
    via: str = BUILT_IN

    def __str__(self) -> str:
        return self.permission if self.scope == EVERYWHERE else f"{self.permission} over {self.scope}"


@dataclass(frozen=True, slots=True)
class Rights:
    """Everything that somebody may do: a union, in which no right takes another away."""

    rights: tuple[Right, ...] = ()

    def allows(self, permission: str, target: Target = ORG_WIDE) -> bool:
        """Whether an action is allowed. Unless a target is named, it is about the whole org."""
        return any(covers((right.permission,), permission) and right.scope.holds(target) for right in self.rights)

    def allows_all(self, permission: str, targets: Iterable[Target]) -> bool:
        """Whether the action is allowed on every one of the targets."""
        return all(self.allows(permission, target) for target in targets)

    def somewhere(self, permission: str) -> bool:
        """Whether there is any scope at all over which the permission is held."""
        return any(covers((right.permission,), permission) for right in self.rights)

    def over(self, permission: str) -> tuple[Scope, ...]:
        """The scopes over which the permission is held."""
        return tuple(right.scope for right in self.rights if covers((right.permission,), permission))

    def limited_to(self, scopes: Iterable[str]) -> Rights:
        """What is left of these rights through a credential that is good for some permissions only."""
        patterns = tuple(scopes)
        if EVERYTHING in patterns:
            return self
        kept = {
            Right(shared, right.scope, right.via): None
            for right in self.rights
            for pattern in patterns
            if (shared := common(right.permission, pattern)) is not None
        }
        return Rights(tuple(kept))

    def outside(self, groups: frozenset[str]) -> Rights:
        """What is left of these rights when being bound to one of these groups counts for nothing."""
        if not groups:
            return self
        kept = []
        for right in self.rights:
            bound = right.scope.groups
            left = None if bound is None else bound - groups
            if left is None or left:
                kept.append(replace(right, scope=replace(right.scope, groups=left)))
        return Rights(tuple(kept))

    def beyond(self, other: Rights) -> tuple[Right, ...]:
        """The rights of the other that these do not cover, each as a whole.

        Exact, but for a right over more than 20,000 combinations of names that no single right covers: that one
        counts as not covered.
        """
        return tuple(right for right in other.rights if not self._covers(right))

    def _covers(self, wanted: Right) -> bool:
        mine = [right.scope for right in self.rights if covers((right.permission,), wanted.permission)]
        if any(scope.includes(wanted.scope) for scope in mine):
            return True
        targets = wanted.scope.hardest() if len(mine) > 1 else None
        return targets is not None and all(any(scope.holds(target) for scope in mine) for target in targets)


NO_RIGHTS = Rights()
ALL_RIGHTS = Rights((Right(EVERYTHING),))
