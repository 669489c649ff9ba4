"""The HTTP documents about skills: what was handed in, what was said about it, and what was stopped at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Day, Instant, Reason, Sha256, Strict, Text
from clawforge.resource.skill_approval import SkillKey, SkillStatus

SUBMISSION_LIMIT = 512 * 1024
"""Most bytes of one submission as JSON."""

Version = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Origin = Annotated[str, StringConstraints(min_length=1, max_length=512)]
Document = Annotated[str, StringConstraints(max_length=64 * 1024)]
"""Text as it was handed in; whoever shows it escapes it."""

SubmissionState = Literal["pending", "approved", "rejected", "withdrawn"]
Verdict = Literal["approved", "rejected"]
ApprovalState = Literal["approved", "due", "expired", "rejected", "revoked"]
"""`due` is approved, with a review that is near; `expired` is one whose day has passed, so that it counts no more."""


class SubmissionRequest(Strict):
    """A skill that somebody wants approved. `manifest` is its SKILL.md. Without a digest nobody can bind an approval to
    what was handed in."""

    key: SkillKey
    version: Version | None = None
    digest: Sha256 | None = None
    source: Origin | None = None
    manifest: Document = ""
    metadata: Document = ""
    note: Text = ""


class OtherContent(Strict):
    """Content of the same skill on which there is a verdict already, and where that stands in the files."""

    resource: str
    version: str | None = None
    digest: Sha256 | None = None
    state: ApprovalState
    file: str | None = None
    line: int | None = None


class SubmissionView(Strict):
    """A submission. `submittedBy` is a principal, `instance` the machine whose agent sent it. `verdicts` are those on
    this very content, `others` those on other content of the same key."""

    id: str
    key: str
    version: str | None = None
    digest: Sha256 | None = None
    source: str | None = None
    manifest: str = ""
    metadata: str = ""
    note: str = ""
    submitted_at: Instant
    submitted_by: str
    instance: str | None = None
    state: SubmissionState
    reviewed_at: Instant | None = None
    reviewed_by: str | None = None
    reason: str | None = None
    verdicts: tuple[OtherContent, ...] = ()
    others: tuple[OtherContent, ...] = ()


class SubmissionList(Strict):
    """Submissions, oldest first, without their texts."""

    submissions: tuple[SubmissionView, ...]


class SkillReviewRequest(Strict):
    """What a reviewer says. `digest` is the content that was looked at: another one than was handed in is refused."""

    verdict: Verdict
    reason: Text = ""
    digest: Sha256 | None = None


class RevocationRequest(Strict):
    """A skill to be stopped at once; without version and digest every content of it."""

    key: SkillKey
    version: Version | None = None
    digest: Sha256 | None = None
    reason: Reason


class LiftRequest(Strict):
    """Why a skill that was stopped may run again."""

    reason: Reason


class RevocationView(Strict):
    """A skill that was stopped by hand, and is until the files say so or somebody lifts it."""

    id: str
    key: str
    version: str | None = None
    digest: Sha256 | None = None
    reason: str
    at: Instant
    by: str


class SkillVerdictView(Strict):
    """A SkillApproval of the files, and how it stands today."""

    resource: str
    key: str
    version: str | None = None
    digest: Sha256 | None = None
    status: SkillStatus
    state: ApprovalState
    review_by: Day | None = None
    reviewed_by: str | None = None
    file: str | None = None
    line: int | None = None


class ChangedContentView(Strict):
    """Content of an approved skill that nobody has judged, seen where `seenIn` says: a submission, or an instance."""

    key: str
    version: str | None = None
    digest: Sha256
    seen_at: Instant
    seen_in: str
    approved: tuple[OtherContent, ...]


class SkillList(Strict):
    """Every verdict by key, what was stopped by hand, and what has changed since it was approved. `pending` counts
    submissions that wait; `complete` is false if the log was too long to look through for changed content."""

    verdicts: tuple[SkillVerdictView, ...]
    revocations: tuple[RevocationView, ...]
    changed: tuple[ChangedContentView, ...]
    pending: Annotated[int, Field(ge=0)]
    complete: bool = True
