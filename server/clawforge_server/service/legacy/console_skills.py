"""Skills of old plugins and consoles: handed in to the same reviewers, approved by the same files.

What a reviewer says here is kept, and `clawforge skill review` writes it into the files; until they are applied no
policy changes. Stopping a skill is at once, as by our own command.
"""

from __future__ import annotations

from clawforge.errors import InputError, NotFoundError
from clawforge.legacy.answer import ApprovedSkill
from clawforge.legacy.console import ApprovedSkills, RevokedSkill, SubmissionDocument, SubmissionDocuments
from clawforge.legacy.event import milliseconds_text
from clawforge.legacy.identifier import thing_id
from clawforge.legacy.skill import VERDICTS, approved_document, is_usable, submission_document
from clawforge.wire_skills import RevocationRequest, SkillReviewRequest, SkillVerdictView, SubmissionRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.skill_revocations import revoke_skill
from clawforge_server.service.skill_submissions import (
    Submitter,
    list_submissions,
    review_submission,
    show_submission,
    submit_skill,
)
from clawforge_server.service.skill_verdicts import list_skills
from clawforge_server.store.records import InstanceRecord

_MOST_SHOWN = 200
_REVOKED = "It was revoked by the old API."


def hand_in(
    plane: ControlPlane, instance: InstanceRecord, request: SubmissionRequest | None, origin: Origin
) -> SubmissionDocument:
    """Keep a skill until somebody looks at it. Raises InputError for one that cannot be kept, ConflictError when too
    many wait already."""
    if request is None:
        raise InputError("The skill cannot be kept: its name or its manifest is no usable one", code="bad-skill")
    view = submit_skill(plane, Submitter.agent(instance), instance.org, request, origin=origin)
    return submission_document(instance.org, view)


def waiting(plane: ControlPlane, who: Principal, org: str) -> SubmissionDocuments:
    """The oldest of those that wait, with their texts. Raises NotFoundError."""
    found = list_submissions(plane, who, org, "pending").submissions[:_MOST_SHOWN]
    whole = (show_submission(plane, who, org, item.id) for item in found)
    return SubmissionDocuments(submissions=tuple(submission_document(org, view) for view in whole))


def review(
    plane: ControlPlane, who: Principal, org: str, wanted: str, status: str, notes: str, origin: Origin
) -> SubmissionDocument:
    """What a reviewer says; nobody reviews what they handed in. Raises as `review_submission`."""
    listed = list_submissions(plane, who, org).submissions
    ours = next((item.id for item in listed if thing_id(org, "submission", item.id) == wanted), None)
    if ours is None:
        raise NotFoundError("Submission not found", code="unknown-submission")
    request = SkillReviewRequest(verdict=VERDICTS[status], reason=notes)
    return submission_document(org, review_submission(plane, who, org, ours, request, origin=origin))


def approved(plane: ControlPlane, org: str, skills: tuple[ApprovedSkill, ...]) -> ApprovedSkills:
    """Those that a plugin may use, by its own policy. Raises NotFoundError."""
    at = _since(plane, org)
    return ApprovedSkills(skills=tuple(approved_document(org, item.key, 1, at) for item in skills))


def history(plane: ControlPlane, who: Principal, org: str) -> ApprovedSkills:
    """Every skill on which there is a verdict. Raises NotFoundError, ForbiddenError."""
    at, found = _since(plane, org), _by_key(plane, who, org)
    return ApprovedSkills(
        skills=tuple(
            approved_document(org, key, len(views), at, revoked=not any(map(is_usable, views)))
            for key, views in sorted(found.items())
        )
    )


def revoke(plane: ControlPlane, who: Principal, org: str, wanted: str, origin: Origin) -> RevokedSkill:
    """Stop a skill for everybody, at once. Raises NotFoundError, and ConflictError for one that the files revoke."""
    found = _by_key(plane, who, org)
    usable = (key for key, views in found.items() if any(map(is_usable, views)))
    key = next((key for key in usable if thing_id(org, "skill", key) == wanted), None)
    if key is None:
        raise NotFoundError("Approved skill not found or already revoked", code="unknown-skill")
    revoke_skill(plane, who, org, RevocationRequest(key=key, reason=_REVOKED), origin=origin)
    at = milliseconds_text(plane.clock.now())
    return RevokedSkill(skill=approved_document(org, key, len(found[key]), at, revoked=True))


def _by_key(plane: ControlPlane, who: Principal, org: str) -> dict[str, list[SkillVerdictView]]:
    found: dict[str, list[SkillVerdictView]] = {}
    for view in list_skills(plane, who, org).verdicts:
        found.setdefault(view.key, []).append(view)
    return found


def _since(plane: ControlPlane, org: str) -> str:
    """When the present state was applied: approvals of files have no other time."""
    record = plane.states.get(org).record
    with plane.store.transaction() as transaction:
        revision = None if record is None else transaction.revisions.get(org, record.revision)
    return milliseconds_text(plane.clock.now() if revision is None else revision.created_at)
