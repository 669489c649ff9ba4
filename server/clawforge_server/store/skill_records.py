"""What the store holds about skills, as values. Moments are aware datetimes in UTC."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clawforge.resource.meta import Metadata
from clawforge.resource.skill_approval import SkillApproval, SkillApprovalSpec, SkillStatus
from clawforge.wire_skills import SubmissionState


@dataclass(frozen=True, slots=True)
class SubmissionRecord:
    """A skill that somebody wants approved. `submitted_by` is a principal that may answer for it: the person, also
    where the agent of their `instance` sent it. `manifest` and `metadata` are foreign text."""

    id: str
    key: str
    version: str | None
    digest: str | None
    source: str | None
    manifest: str
    metadata: str
    note: str
    submitted_at: dt.datetime
    submitted_by: str
    instance: str | None = None
    state: SubmissionState = "pending"
    reviewed_at: dt.datetime | None = None
    reviewed_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SkillRevocationRecord:
    """A skill that was stopped by hand: any version, any content where these are None."""

    id: str
    key: str
    version: str | None
    digest: str | None
    reason: str
    at: dt.datetime
    by: str
    ended_at: dt.datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    def as_resource(self) -> SkillApproval:
        """What the files could say instead: it is resolved, signed and obeyed as if they did."""
        return SkillApproval(
            api_version="clawforge/v1",
            metadata=Metadata(name=self.id),
            spec=SkillApprovalSpec(
                applies_to="everyone",
                key=self.key,
                version=self.version,
                digest=self.digest,
                status=SkillStatus.REVOKED,
                reason=self.reason,
            ),
        )
