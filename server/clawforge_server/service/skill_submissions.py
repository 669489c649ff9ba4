"""Skills that people and agents want approved: handed in, looked at, and said something about.

What is said here changes nobody's policy: approvals stand in the files. A review keeps who looked at what, and the
files get the SkillApproval that follows from it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

from clawforge.access.model import USER
from clawforge.errors import ConflictError, ForbiddenError, NotFoundError
from clawforge.skill.standing import content_of, is_about
from clawforge.wire_skills import (
    SkillReviewRequest,
    SubmissionList,
    SubmissionRequest,
    SubmissionState,
    SubmissionView,
)
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_standing
from clawforge_server.service.skill_verdicts import refuse_revoked, verdicts_on
from clawforge_server.state.org_state import OrgState, empty_org
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord
from clawforge_server.store.skill_records import SubmissionRecord

READ = "skills:read"
_MOST_WAITING = 100
_MOST_WAITING_OF_ORG = 5_000


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who hands a skill in: `actor` did it, `answerable` is the principal that may not review it."""

    actor: str
    answerable: str
    instance: str | None = None

    @classmethod
    def caller(cls, who: Principal) -> Submitter:
        """Whoever shows the credential."""
        return cls(who.actor, who.answerable)

    @classmethod
    def agent(cls, instance: InstanceRecord) -> Submitter:
        """The agent of a machine, for the user that the machine belongs to."""
        return cls(f"instance:{instance.name}", f"{USER}{instance.user}", instance.name)


def submit_skill(
    plane: ControlPlane, submitter: Submitter, org: str, request: SubmissionRequest, *, origin: Origin | None = None
) -> SubmissionView:
    """Keep a skill until somebody looks at it. The same skill of the same submitter is kept once.

    Raises NotFoundError, and ConflictError when too many wait already.
    """
    now = plane.clock.now()
    state = plane.states.get(org)
    record = SubmissionRecord(
        id=new_id("skill"),
        submitted_at=now,
        submitted_by=submitter.answerable,
        instance=submitter.instance,
        **request.model_dump(),
    )
    with plane.store.transaction() as transaction:
        same = transaction.skill_submissions.same(org, record)
        if same is not None:
            return submission_view(state, same, now)
        _require_room(transaction, org, submitter)
        transaction.skill_submissions.add(org, record)
        entry = done(
            now,
            submitter.actor,
            "skills:submit",
            origin=origin,
            revision=state.state.revision,
            target=_target(record),
            after={"state": record.state},
            submittedBy=record.submitted_by,
            **_named(record),
        )
        transaction.audit.append(org, entry)
    return submission_view(state, record, now)


def list_submissions(
    plane: ControlPlane, who: Principal, org: str, wanted: SubmissionState | None = None
) -> SubmissionList:
    """The newest submissions, oldest first and without texts; for those who may not read all of them, their own.

    Raises NotFoundError.
    """
    state, now = plane.states.get(org), plane.clock.now()
    own = None if who.may(READ) else who.answerable
    with plane.store.transaction() as transaction:
        found = transaction.skill_submissions.list(org, wanted, own)
    return SubmissionList(submissions=tuple(submission_view(state, record, now) for record in found))


def show_submission(plane: ControlPlane, who: Principal, org: str, submission_id: str) -> SubmissionView:
    """One submission, with its texts. Raises NotFoundError, ForbiddenError for one of somebody else's."""
    state = plane.states.get(org)
    with plane.store.transaction() as transaction:
        record = transaction.skill_submissions.get(org, submission_id)
    if record is None or record.submitted_by != who.answerable:
        who.require(READ)
    if record is None:
        raise _unknown(submission_id)
    return submission_view(state, record, plane.clock.now())


def review_submission(
    plane: ControlPlane,
    who: Principal,
    org: str,
    submission_id: str,
    request: SkillReviewRequest,
    *,
    origin: Origin | None = None,
) -> SubmissionView:
    """Keep what a reviewer says about a submission. Saying the same again changes nothing.

    Raises NotFoundError, ForbiddenError (`own-submission`), and ConflictError for one that was reviewed already, for
    other content than the reviewer looked at, and for approving what is revoked.
    """
    now = plane.clock.now()
    # Before the transaction: an org that is not in memory is read in one of its own.
    state = plane.states.find(org) or empty_org(org)
    with plane.store.transaction() as transaction:
        require_standing(transaction, state, who, now)
        who.require("skills:review")
        record = _present(transaction, org, submission_id)
        _refuse_own(who, record)
        if record.state == request.verdict and record.reviewed_by == who.answerable:
            return submission_view(state, record, now)
        _refuse_other_content(record, request)
        if request.verdict == "approved":
            refuse_revoked(state, record.key, record.version, record.digest)
        action = "skills:approve" if request.verdict == "approved" else "skills:reject"
        reviewed = _end(transaction, who, org, record, request.verdict, action, request.reason, now, state, origin)
    return submission_view(state, reviewed, now)


def withdraw_submission(
    plane: ControlPlane, who: Principal, org: str, submission_id: str, *, origin: Origin | None = None
) -> None:
    """Take back what one handed in oneself; its texts go. Raises NotFoundError, ConflictError for one that was
    reviewed already."""
    now = plane.clock.now()
    state = plane.states.find(org) or empty_org(org)
    with plane.store.transaction() as transaction:
        require_standing(transaction, state, who, now)
        record = transaction.skill_submissions.get(org, submission_id)
        if record is None or record.submitted_by != who.answerable:
            raise _unknown(submission_id)
        _end(transaction, who, org, record, "withdrawn", "skills:withdraw", "", now, state, origin)


def submission_view(state: OrgState, record: SubmissionRecord, now: dt.datetime) -> SubmissionView:
    """The submission as people see it, beside what the files say about this skill."""
    known = verdicts_on(state, record.key, now)
    about = [view for view in known if is_about(view, record.version, record.digest)]
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    return SubmissionView(
        **fields,
        verdicts=tuple(content_of(view) for view in about),
        others=tuple(content_of(view) for view in known if view not in about),
    )


def _end(
    transaction: Transaction,
    who: Principal,
    org: str,
    record: SubmissionRecord,
    after: SubmissionState,
    action: str,
    reason: str,
    now: dt.datetime,
    state: OrgState,
    origin: Origin | None,
) -> SubmissionRecord:
    by = who.answerable
    if not transaction.skill_submissions.review(org, record.id, after, now, by, reason):
        raise ConflictError(
            f"The submission {record.id} is {record.state} already.",
            hint="`clawforge skill review` lists those that wait.",
            code="submission-reviewed",
        )
    entry = done(
        now,
        who.actor,
        action,
        origin=origin,
        revision=state.state.revision,
        target=_target(record),
        before={"state": record.state},
        after={"state": after},
        submittedBy=record.submitted_by,
        reason=reason or None,
        **_named(record),
    )
    transaction.audit.append(org, entry)
    return dataclasses.replace(record, state=after, reviewed_at=now, reviewed_by=by, reason=reason)


def _present(transaction: Transaction, org: str, submission_id: str) -> SubmissionRecord:
    record = transaction.skill_submissions.get(org, submission_id)
    if record is None:
        raise _unknown(submission_id)
    return record


def _refuse_own(who: Principal, record: SubmissionRecord) -> None:
    if who.answerable == record.submitted_by:
        raise ForbiddenError(
            f"Nobody reviews what they handed in, and this is {record.submitted_by}'s.",
            hint="Ask somebody else who holds skills:review.",
            code="own-submission",
        )


def _refuse_other_content(record: SubmissionRecord, request: SkillReviewRequest) -> None:
    if None not in (record.digest, request.digest) and record.digest != request.digest:
        raise ConflictError(
            f"The content that was looked at is {request.digest}, and {record.digest} was handed in.",
            hint="Look at what was handed in, or have the other content handed in.",
            code="digest-differs",
        )


def _require_room(transaction: Transaction, org: str, submitter: Submitter) -> None:
    waiting = transaction.skill_submissions
    if waiting.waiting(org, submitter.answerable) >= _MOST_WAITING or waiting.waiting(org) >= _MOST_WAITING_OF_ORG:
        raise ConflictError(
            "Too many skills wait for a review already.",
            hint="Have some of them reviewed, or withdraw them, before you hand in more.",
            code="too-many-submissions",
        )


def _target(record: SubmissionRecord) -> str:
    return f"skill-submission/{record.id}"


def _named(record: SubmissionRecord) -> dict[str, str | None]:
    return {
        "key": record.key,
        "version": record.version,
        "digest": record.digest,
        "source": record.source,
        "instance": record.instance,
    }


def _unknown(submission_id: str) -> NotFoundError:
    return NotFoundError(
        f"There is no submission {submission_id!r} in this org.",
        hint="`clawforge skill review` lists those that wait.",
        code="unknown-submission",
    )
