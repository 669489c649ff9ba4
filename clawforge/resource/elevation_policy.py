"""ElevationPolicy: break glass. Who may ask for what beyond the policies, for how long, and who must approve."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from clawforge.resource.invariant import ToolPatterns
from clawforge.resource.meta import Duration, Name, NameSet, Resource, Strict, SubjectSet, Text, format_duration
from clawforge.resource.policy import NamePatterns
from clawforge.resource.targeting import Targeted

LONGEST_ELEVATION = 8 * 3600
"""Seconds that anything may be lifted for at most: a shift. Agents refuse what claims to last longer."""

APPROVE_ELEVATIONS = "elevations:approve"
"""What whoever approves an elevation must hold."""


class ElevationApprovers(Strict):
    """Whose approvals count: within a list any, across keys all. Always people, and never the one who asks."""

    roles: NameSet = ()
    """Holders of one of these roles."""
    groups: NameSet = ()
    """Members of one of these groups."""


class ElevationApprovals(Strict):
    """How many must approve, and whose approvals count. Nobody approves their own request."""

    count: Annotated[int, Field(ge=0, le=16)] = 1
    """How many different people must approve; with 0 nobody looks at a request before it is in force."""
    from_: ElevationApprovers = Field(default=ElevationApprovers(), alias="from")
    """Whose approvals count; left out, those of everybody who holds `elevations:approve`."""


class ElevationGrant(Strict):
    """Something that may be asked for."""

    name: Name
    """The name that people ask for it by. Two grants of one name count as one with the strictest terms of both."""
    description: Text = ""
    """What it is for."""
    tools: ToolPatterns
    """The tools that are lifted: calls of them are judged by the guardrails alone, besides kill, quarantine, versions
    and DLP."""
    agents: SubjectSet = ()
    """The agents through which it may be used, by the name that their host gives them; left out, all."""
    max_ttl: Duration = 1800
    """How long it lasts at most; never more than `8h`."""
    approvals: ElevationApprovals = ElevationApprovals()
    """Who must approve."""
    require_reason: bool = True
    """Whether a request must say why."""
    require_ticket: bool = False
    """Whether a request must name a ticket."""
    confirm_phrase: Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"\S")] | None = None
    """What whoever asks must type, so that nobody asks without having read it."""
    cooldown: Duration = 0
    """How long the same person must wait after one has ended before asking for it again."""
    max_active: Annotated[int, Field(ge=1, le=64)] = 1
    """How many of it one person may have at a time, those that wait for approval included."""

    @model_validator(mode="after")
    def _is_bounded(self) -> ElevationGrant:
        if not 0 < self.max_ttl <= LONGEST_ELEVATION:
            longest = format_duration(LONGEST_ELEVATION)
            raise ValueError(f"`maxTtl` must be more than nothing and at most {longest}")
        return self


class ElevationPolicySpec(Targeted):
    """Several that match somebody add up: of each grant the strictest terms count, and what one never elevates none
    does."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["grants"], "properties": {"grants": {"minItems": 1}}},
                {"required": ["neverElevate"], "properties": {"neverElevate": {"minItems": 1}}},
            ]
        }
    )

    description: Text = ""
    """What it is for."""
    grants: Annotated[tuple[ElevationGrant, ...], Field(max_length=64)] = ()
    """What may be asked for."""
    never_elevate: NamePatterns = ()
    """Tools that no grant lifts for those whom this policy is for, whatever the grants of any policy say."""

    @model_validator(mode="after")
    def _says_something(self) -> ElevationPolicySpec:
        if not self.grants and not self.never_elevate:
            raise ValueError("name at least one of `grants` and `neverElevate`")
        return self


class ElevationPolicy(Resource):
    """Who may ask for what beyond the policies, and how it is bounded."""

    kind: Literal["ElevationPolicy"] = "ElevationPolicy"
    spec: ElevationPolicySpec
