"""Enrollment: a template by which machines join, so that nobody types groups and tags when a token is minted."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from clawforge.resource.meta import Duration, NameSet, Resource, Strict, SubjectSet, Text

LONGEST_LIFE = 30 * 86_400
"""Seconds for which a server lets a token live, whatever the template says."""
MANY_USES = 100
"""From here on an administrator must approve each machine: a token that so many hold is not a secret."""


class EnrollmentSpec(Strict):
    """What a token that is minted from the template gives. A request for a token may narrow it, never widen it."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"maxUses": {"exclusiveMinimum": MANY_USES}}, "required": ["maxUses"]},
            "then": {"properties": {"requireApproval": {"const": True}}, "required": ["requireApproval"]},
        }
    )

    description: Text = ""
    """What the template is for."""
    users: SubjectSet = ()
    """Users whose machines may join with it; with `members` left out as well, every active user."""
    members: NameSet = ()
    """Groups whose members' machines may join with it."""
    groups: NameSet = ()
    """The groups that the machine is put in."""
    tags: Annotated[
        dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Annotated[str, Field(max_length=256)]],
        Field(max_length=64),
    ] = {}
    """The tags that the machine carries."""
    ttl: Duration = 7 * 86_400
    """How long a token may be used; the server mints none for longer than 30 days."""
    max_uses: Annotated[int, Field(ge=1, le=10_000)] = 1
    """How many machines may join with one token; more than 100 only with `requireApproval`."""
    require_approval: bool = False
    """Whether somebody must approve each machine before it gets a policy."""

    @model_validator(mode="after")
    def _many_are_approved(self) -> EnrollmentSpec:
        if self.max_uses > MANY_USES and not self.require_approval:
            raise ValueError(f"more than {MANY_USES} uses need `requireApproval: true`")
        return self


class Enrollment(Resource):
    """A template by which machines join the org."""

    kind: Literal["Enrollment"] = "Enrollment"
    spec: EnrollmentSpec = EnrollmentSpec()
