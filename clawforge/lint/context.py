"""What lint rules look at: the resources, and what is derived from them once for all rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from clawforge.lint.moment import Moment
from clawforge.load.lint_settings import NO_CONVENTIONS, Conventions
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement

if TYPE_CHECKING:
    from clawforge.decide.catalogue import Catalogue
    from clawforge.finding import Finding
    from clawforge.lint.lineage import Lineage
    from clawforge.lint.proof import Proofs
    from clawforge.resolve.membership import Membership

_Kind = TypeVar("_Kind", bound=Resource)


@dataclass(frozen=True)
class LintContext:
    """Resources, sorted by address; `org`, `instances` and `unusable` are as in `clawforge.graph.check_references`.

    Rules that ask for the present moment find nothing without `now`, which has a time zone where it is given to `of`.
    `conventions` are the project's own, which only its files know. With `prove` rules may take their time.
    """

    resources: tuple[Resource, ...]
    org: str | None = None
    instances: Collection[str] | None = None
    unusable: Collection[str] = frozenset()
    now: Moment | None = None
    conventions: Conventions = NO_CONVENTIONS
    prove: bool = False

    @classmethod
    def of(
        cls,
        resources: Sequence[Resource],
        *,
        org: str | None = None,
        instances: Collection[str] | None = None,
        unusable: Collection[str] = frozenset(),
        now: dt.datetime | None = None,
        conventions: Conventions | None = None,
        prove: bool = False,
    ) -> LintContext:
        """The context of resources in any order."""
        ordered = tuple(sorted(resources, key=lambda resource: resource.address))
        return cls(
            ordered,
            org,
            instances,
            unusable,
            None if now is None else Moment(now),
            conventions or NO_CONVENTIONS,
            prove,
        )

    @cached_property
    def proofs(self) -> Proofs:
        """What can be proved about the policies."""
        from clawforge.lint.proof import Proofs

        return Proofs(self)

    @property
    def is_whole(self) -> bool:
        """Whether every resource could be read. Nothing can be proved about an org of which a part is missing."""
        return not self.unusable

    @cached_property
    def by_address(self) -> Mapping[str, Resource]:
        """The resources by `Kind/name`."""
        return {resource.address: resource for resource in self.resources}

    def each(self, kind: type[_Kind]) -> Iterator[_Kind]:
        """The resources of one kind, by address."""
        return iter(self._kinds.get(kind, ()))  # type: ignore[arg-type]  # filed under their own kind

    @cached_property
    def _kinds(self) -> Mapping[type[Resource], Sequence[Resource]]:
        found: dict[type[Resource], list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(type(resource), []).append(resource)
        return found

    @cached_property
    def bases(self) -> tuple[Policy, ...]:
        """The base policies that decide; those that only observe or warn are not among them."""
        return tuple(
            policy
            for policy in self.each(Policy)
            if policy.spec.mode is PolicyMode.BASE and policy.spec.enforcement is Enforcement.ENFORCE
        )

    @cached_property
    def universal(self) -> tuple[Policy, ...]:
        """The overlays and guardrails that narrow for everybody at all times."""
        return tuple(
            policy
            for policy in self.each(Policy)
            if policy.spec.mode is not PolicyMode.BASE
            and policy.spec.enforcement is Enforcement.ENFORCE
            and policy.spec.applies_to == "everyone"
            and policy.spec.schedule is None
        )

    @cached_property
    def lineage(self) -> Lineage:
        """What policies say together with those that they extend."""
        from clawforge.lint.lineage import Lineage

        return Lineage(self.each(Policy))

    @cached_property
    def timezone(self) -> str:
        """The organization's zone, in which review dates are days."""
        return next((item.spec.timezone for item in self.each(Organization)), "UTC")

    @cached_property
    def membership(self) -> Membership:
        """Who belongs to which groups and holds which roles, as the resolver sees it."""
        from clawforge.resolve.membership import Membership

        return Membership(self.resources)

    @cached_property
    def references(self) -> Mapping[str, Sequence[Finding]]:
        """What is wrong between resources, by the code of the finding (`clawforge.graph`)."""
        from clawforge.graph import check_references

        found: dict[str, list[Finding]] = {}
        items = check_references(self.resources, org=self.org, instances=self.instances, unusable=self.unusable)
        for item in items:
            found.setdefault(item.code, []).append(item)
        return found

    @cached_property
    def written(self) -> tuple[bytes, ...]:
        """Every resource as JSON in UTF-8, for rules that first ask whether a text can be there at all."""
        return tuple(item.model_dump_json(by_alias=True, exclude_none=True).encode() for item in self.resources)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The names of tools."""
        from clawforge.decide.catalogue import catalogue

        return catalogue()
