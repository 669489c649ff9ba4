"""From a skill that was handed in to a verdict in the files, and a mark on the control plane that it was reviewed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import ConflictError, InputError
from clawforge.wire_skills import SkillReviewRequest, SubmissionRequest, SubmissionView, Verdict
from clawforge_cli.gitops.commit_message import CommitMessage
from clawforge_cli.proposing import IN_FILES, IN_NO_PROPOSAL, Destination, PreparedChange, Proposed, prepare
from clawforge_cli.skill_client import SkillClient
from clawforge_cli.skill_folder import read_skill

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText
    from clawforge.load.project import Project
    from clawforge.resource.targeting import AppliesTo
    from clawforge.skill.patch import SkillPatch

APPROVAL_DAYS = 180
"""How long an approval counts if nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer says, and where it is to stand. `folder` holds the content that was looked at."""

    verdict: Verdict
    reason: str
    project: Path
    review_by: str | None = None
    folder: Path | None = None
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    replace: str | None = None
    file: str | None = None
    destination: Destination = IN_FILES


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The submission after the review, and what changed in the files, or is proposed to be; nothing for a rejection of
    unknown content."""

    submission: SubmissionView
    patch: SkillPatch | None
    files: tuple[ChangedText, ...]
    proposed: Proposed = IN_NO_PROPOSAL


def submission_of(
    folder: Path, *, key: str | None, version: str | None, source: str | None, note: str
) -> SubmissionRequest:
    """The folder of a skill as it is handed in. Name and version come from its SKILL.md unless they are given.

    Raises InputError for a folder that is no skill, and for a key that no skill can have.
    """
    from pydantic import ValidationError

    from clawforge.skill.manifest import read_manifest

    content = read_skill(folder)
    manifest = content.manifest_text()
    said = read_manifest(manifest)
    named = key or said.name or folder.resolve().name
    try:
        return SubmissionRequest(
            key=named,
            version=version or said.version,
            digest=content.digest,
            source=source,
            manifest=manifest,
            note=note,
        )
    except ValidationError as error:
        fields = ", ".join(sorted({str(item["loc"][0]) for item in error.errors()}))
        raise InputError(
            f"This skill cannot be handed in so: {fields} is not as it must be.",
            hint="A key has letters, digits and . _ / @ -, and at most 128 of them: name one with --key.",
        ) from error


def carry_out(client: SkillClient, submission_id: str, review: Review, now: dt.datetime) -> Reviewed:
    """Review a submission: first the files are made ready, then the control plane is told, then they are written.

    Doing it again after a failure writes what is missing. Raises InputError for what cannot be approved, and the
    refusals of the control plane; then nothing is written.
    """
    submission = client.submission(submission_id)
    seen = None if review.folder is None else read_skill(review.folder).digest
    if None not in (seen, submission.digest) and seen != submission.digest:
        raise ConflictError(
            f"{review.folder} holds {seen}, and {submission.digest} was handed in.",
            hint="You looked at other content than was handed in.",
            code="digest-differs",
        )
    digest = submission.digest or seen
    patch: SkillPatch | None = None
    files: tuple[ChangedText, ...] = ()
    change: PreparedChange | None = None
    if digest is not None or review.verdict == "approved":
        project = _project(client, review)
        patch, files = _prepared(client, project, submission, digest, review, now.date())
        change = prepare(project.root, files, _message(submission, digest, review), review.destination, now)
    answer = client.review(
        submission_id, SkillReviewRequest(verdict=review.verdict, reason=review.reason, digest=digest)
    )
    if change is None:
        return Reviewed(answer, patch, files)
    change.publish()
    return Reviewed(answer, patch, files, change.proposed)


def _message(submission: SubmissionView, digest: str | None, review: Review) -> CommitMessage:
    verb = "Approve" if review.verdict == "approved" else "Reject"
    version = "" if submission.version is None else f" {submission.version}"
    trailers = [("Clawforge-Submission", submission.id)]
    if digest is not None:
        trailers.append(("Clawforge-Skill-Digest", digest))
    return CommitMessage(f"{verb} the skill {submission.key}{version}", review.reason, "skill review", tuple(trailers))


def _project(client: SkillClient, review: Review) -> Project:
    from clawforge_cli.project_files import open_project

    project = open_project(review.project)
    if project.file.org != client.org:
        raise InputError(
            f"{review.project} speaks for the org {project.file.org!r}, not for {client.org!r}.",
            hint="Name its own project with --project.",
        )
    return project


def _prepared(
    client: SkillClient,
    project: Project,
    submission: SubmissionView,
    digest: str | None,
    review: Review,
    today: dt.date,
) -> tuple[SkillPatch, tuple[ChangedText, ...]]:
    from clawforge.resource.skill_approval import SkillStatus
    from clawforge.skill.patch import Judgement, SkillContent, reviewed
    from clawforge_cli.skill_files import approvals_of, patched

    status = SkillStatus(review.verdict)
    judgement = Judgement(
        status=status,
        by=client.who_am_i().principal.rpartition(":")[2],
        reason=review.reason,
        review_by=_last_day(review.review_by, today) if status is SkillStatus.APPROVED else None,
        applies_to=_subjects(review),
    )
    content = SkillContent(submission.key, submission.version, digest, submission.source)
    patch = reviewed(content, judgement, approvals_of(project), replace=review.replace)
    return patch, patched(project, patch, place=review.file)


def _last_day(text: str | None, today: dt.date) -> dt.date:
    if text is None:
        return today + dt.timedelta(days=APPROVAL_DAYS)
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no day.", hint="Write --review-by 2027-05-31.") from error
    if day < today:
        raise InputError(f"{text} is over, so the approval would not count.", hint="Name a later day.")
    return day


def _subjects(review: Review) -> AppliesTo:
    from pydantic import ValidationError

    from clawforge.resource.targeting import Selector

    named = {"users": review.users, "groups": review.groups}
    if not any(named.values()):
        return "everyone"
    try:
        return Selector.model_validate({key: value for key, value in named.items() if value})
    except ValidationError as error:
        raise InputError("--user and --group take names of users and groups.") from error
