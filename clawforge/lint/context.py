"""What lint rules look at: the resources, and what is derived from them once for all rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement

if TYPE_CHECKING:
    from clawforge.decide.catalogue import Catalogue
    from clawforge.resolve.membership import Membership

_Kind = TypeVar("_Kind", bound=Resource)


@dataclass(frozen=True)
class LintContext:
    """Resources, sorted by address; `org`, `instances` and `unusable` are as in `clawforge.graph.check_references`."""

    resources: tuple[Resource, ...]
    org: str | None = None
    instances: Collection[str] | None = None
    unusable: Collection[str] = frozenset()

    @classmethod
    def of(
        cls,
        resources: Sequence[Resource],
        *,
        org: str | None = None,
        instances: Collection[str] | None = None,
        unusable: Collection[str] = frozenset(),
    ) -> LintContext:
        """The context of resources in any order."""
        ordered = tuple(sorted(resources, key=lambda resource: resource.address))
        return cls(ordered, org, instances, unusable)

    def each(self, kind: type[_Kind]) -> Iterator[_Kind]:
        """The resources of one kind, by address."""
        return (resource for resource in self.resources if isinstance(resource, kind))

    @cached_property
    def bases(self) -> tuple[Policy, ...]:
        """The base policies that decide; those that only observe or warn are not among them."""
        return tuple(
            policy
            for policy in self.each(Policy)
            if policy.spec.mode is PolicyMode.BASE and policy.spec.enforcement is Enforcement.ENFORCE
        )

    @cached_property
    def membership(self) -> Membership:
        """Who belongs to which groups and holds which roles, as the resolver sees it."""
        from clawforge.resolve.membership import Membership

        return Membership(self.resources)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The names of tools."""
        from clawforge.decide.catalogue import catalogue

        return catalogue()
