"""SkillApproval: the verdict on one reviewed skill, bound to its content."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from clawforge.resource.meta import Day, Resource, Sha256, SubjectName, Text
from clawforge.resource.targeting import Targeted


class SkillStatus(StrEnum):
    """approved lets it run where approval is required; rejected and revoked stop it everywhere they apply."""

    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


SkillKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@-]{0,127}$")]


class SkillApprovalSpec(Targeted):
    """A digest pins the content (SPEC.md 10); a revocation without version or digest covers every version."""

    key: SkillKey
    """The skill's key, as its host names it."""
    source: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    """Where the skill comes from; left out, from anywhere."""
    version: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    """The version that was reviewed; left out, any."""
    digest: Sha256 | None = None
    """The digest of the content that was reviewed; left out, any content."""
    status: SkillStatus
    """The verdict."""
    reviewed_by: SubjectName | None = None
    """Who reviewed it."""
    review_by: Day | None = None
    """The last day, in the org's time zone, on which the approval counts; left out, it does not end."""
    reason: Text = ""
    """Why, for those who read the verdict."""


class SkillApproval(Resource):
    """One reviewed skill."""

    kind: Literal["SkillApproval"] = "SkillApproval"
    spec: SkillApprovalSpec
