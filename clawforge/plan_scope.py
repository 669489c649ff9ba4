"""Planning a part of a project: some addresses, all but some, or what has a label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from clawforge.plan import PlanWarning
from clawforge.resource.address_pattern import ADDRESS_PATTERN, address_matches
from clawforge.resource.meta import Strict

MOST_PATTERNS = 1_000
_MOST_LABELS = 100

AddressPattern = Annotated[str, StringConstraints(pattern=ADDRESS_PATTERN)]
"""An address, or many: `Policy/sre`, `Policy/team-*`, `*/production`."""

AddressPatterns = Annotated[tuple[AddressPattern, ...], Field(max_length=MOST_PATTERNS)]


def names_address(patterns: Iterable[str], address: str) -> bool:
    """Whether one of the patterns means the address."""
    return any(address_matches(pattern, address) for pattern in patterns)


class PlanScope(Strict):
    """What of a proposal is planned; empty is all of it. Everything else stays as it is.

    A resource is in if one of `targets` names it (or there are none), none of `exclude` does, and its labels, before
    the change or after it, have every value of `labels`.
    """

    targets: AddressPatterns = ()
    exclude: AddressPatterns = ()
    labels: Annotated[dict[str, str], Field(max_length=_MOST_LABELS)] = {}

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.targets or self.exclude or self.labels)

    def holds(self, address: str, labels: Iterable[Mapping[str, str]]) -> bool:
        """Whether a resource of this address, whose versions have these labels, is in."""
        if self.targets and not names_address(self.targets, address):
            return False
        if names_address(self.exclude, address):
            return False
        return not self.labels or any(self.labels.items() <= version.items() for version in labels)

    def __str__(self) -> str:
        parts = [*self.targets, *(f"not {item}" for item in self.exclude)]
        return ", ".join([*parts, *(f"{key}={value}" for key, value in sorted(self.labels.items()))])


def narrowed(scope: PlanScope, left_out: int) -> PlanWarning:
    """Says that a plan is about a part, so that nobody takes the rest for done."""
    rest = {0: "nothing else differs", 1: "one other difference is left out"}
    message = f"This plan is only about {scope}; {rest.get(left_out, f'{left_out} other differences are left out')}."
    return PlanWarning(code="narrowed", message=message)
