"""ChangePolicy: how policy itself may change. The control plane enforces it, whoever applies."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from clawforge.load.glob import GlobText
from clawforge.resource.address_pattern import ADDRESS_PATTERN
from clawforge.resource.meta import (
    NameSet,
    Permission,
    Reason,
    Resource,
    SetItem,
    Strict,
    StringSet,
    Text,
    as_set,
)
from clawforge.resource.targeting import Schedule

APPROVE = "plans:approve"
"""What whoever approves a plan must hold."""

AddressPatterns = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=ADDRESS_PATTERN)], ...],
    AfterValidator(as_set),
]
"""`Kind/name`; the name may end with `*`, and `*` in place of the kind means every kind."""

PathSet = Annotated[tuple[GlobText, ...], AfterValidator(as_set)]
LabelValues = Annotated[
    tuple[Annotated[SetItem, Field(max_length=1024)], ...], Field(min_length=1), AfterValidator(as_set)
]


class ChangeEffect(StrEnum):
    """What a change does to what anybody may do. What could not be proved counts as both."""

    LOOSEN = "loosen"
    TIGHTEN = "tighten"
    ANY = "any"


class OutOfBand(StrEnum):
    """It undoes them, or only reports them."""

    CORRECT = "correct"
    REPORT = "report"


class ChangeMatch(Strict):
    """Which changes are meant: or within a key, and across keys. A key that is left out means all."""

    kinds: StringSet = ()
    """Changes of resources of these kinds."""
    addresses: AddressPatterns = ()
    """Changes of these resources: `Policy/guardrail-*`, `*/production`."""
    paths: PathSet = ()
    """Changes of resources that stand in files which one of these globs means, before or after the change. A resource
    of which nobody said where it stands counts as standing in all of them."""
    labels: Annotated[
        dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], LabelValues], Field(max_length=64)
    ] = {}
    """Changes of resources that carry every one of these labels with one of its values, before or after the change."""
    effect: ChangeEffect = ChangeEffect.ANY
    """Only changes with this effect on what anybody may do."""

    @property
    def is_about_everything(self) -> bool:
        """Whether it asks about the change as a whole, and selects nothing from it."""
        return not (self.kinds or self.addresses or self.paths or self.labels)


class Approvers(Strict):
    """Whose approvals count: within a list any, across keys all. Always people, and never an author of the change."""

    roles: NameSet = ()
    """Holders of one of these roles."""
    groups: NameSet = ()
    """Members of one of these groups, as the files list them."""
    permission: Permission = APPROVE
    """They hold this permission over everything that changes. `plans:approve` is needed to approve at all."""


class ApprovalRule(Strict):
    """How many must approve a change of some sort."""

    match: ChangeMatch = ChangeMatch()
    """Which changes; left out, every change."""
    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many different people must approve."""
    from_: Approvers = Field(default=Approvers(), alias="from")
    """Whose approvals count; left out, those of everybody who holds `plans:approve`."""


class Freeze(Strict):
    """A time in which nothing is applied."""

    schedule: Schedule
    """When: in any of its windows."""
    reason: Reason
    """Why; whoever is refused reads it."""
    overridable: bool = True
    """Whether somebody with `freeze:override` may apply all the same, with a reason that is kept."""


class DeletionLimit(Strict):
    """How much one plan may delete. More than either number needs to be said, or approved."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["count"]}, {"required": ["share"]}]})

    count: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """How many resources one plan may delete."""
    share: Annotated[str, StringConstraints(pattern=r"^(100|[1-9]?[0-9])%$")] | None = None
    """How large a part of what its source owns one plan may delete, such as `20%`."""

    @model_validator(mode="after")
    def _limits(self) -> DeletionLimit:
        if self.count is None and self.share is None:
            raise ValueError("a limit needs `count` or `share`")
        return self

    def exceeded_by(self, deleted: int, owned: int) -> bool:
        """Whether deleting so many of so many is too much. Deleting nothing never is."""
        if deleted == 0:
            return False
        too_many = self.count is not None and deleted > self.count
        return too_many or (self.share is not None and deleted * 100 > owned * int(self.share[:-1]))


class ChangeLimits(Strict):
    """What one plan may do at most."""

    deletions: DeletionLimit | None = None
    """How much one plan may delete."""


class ChangePolicySpec(Strict):
    """Several of them add up: of every demand the strictest counts."""

    description: Text = ""
    """What it is for."""
    approvals: Annotated[tuple[ApprovalRule, ...], Field(max_length=64)] = ()
    """Who must approve what."""
    require_reason: bool = False
    """Whether a change needs a reason, given with the plan or the apply."""
    signed_commits: bool = False
    """Whether a change must come from a commit whose signature a trusted pipeline or reconciler vouched for."""
    freeze: Annotated[tuple[Freeze, ...], Field(max_length=64)] = ()
    """Times in which nothing is applied."""
    limits: ChangeLimits = ChangeLimits()
    """What one plan may do at most."""
    out_of_band: OutOfBand = OutOfBand.CORRECT
    """What a reconciler does about changes of its source that it did not make. Where several policies differ, it
    reports."""


class ChangePolicy(Resource):
    """How policy itself may change."""

    kind: Literal["ChangePolicy"] = "ChangePolicy"
    spec: ChangePolicySpec
