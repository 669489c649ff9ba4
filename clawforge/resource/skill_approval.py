"""SkillApproval: the verdict on one reviewed skill, bound to its content."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from clawforge.resource.meta import Resource, Sha256, SubjectName, Text
from clawforge.resource.targeting import Targeted


class SkillStatus(StrEnum):
    """approved lets it run where approval is required; revoked stops it everywhere it applies."""

    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


SkillKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@-]{0,127}$")]


class SkillApprovalSpec(Targeted):
    """A digest pins the content (SPEC.md 10); a revocation without version or digest covers every version."""

    key: SkillKey
    source: Annotated[str, StringConstraints(min_length=1, max_length=512)] | None = None
    version: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    digest: Sha256 | None = None
    status: SkillStatus
    reviewed_by: SubjectName | None = None
    review_by: dt.date | None = None
    reason: Text = ""


class SkillApproval(Resource):
    """One reviewed skill."""

    kind: Literal["SkillApproval"] = "SkillApproval"
    spec: SkillApprovalSpec
