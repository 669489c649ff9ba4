"""The right to enrol: for one declared, active user, for a while, and a number of times."""

from __future__ import annotations

import datetime as dt
import secrets

from clawforge.access.rights import Target
from clawforge.errors import ConflictError, ForbiddenError, NotFoundError, UnavailableError
from clawforge.keys import make_enrollment_token
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_instant
from clawforge.wire_enrollment import EnrollmentAnswer, EnrollmentList, EnrollmentRequest, EnrollmentView
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import credential_hash, new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_present, require_standing
from clawforge_server.service.enrollment_terms import Terms, terms_of
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import EnrollmentRecord

_RANDOM_BYTES = 32


def create_enrollment(
    plane: ControlPlane, who: Principal, org: str, request: EnrollmentRequest, *, origin: Origin | None = None
) -> EnrollmentAnswer:
    """Mint an enrolment token; it is shown once, and its tail pins the org's root key.

    Raises NotFoundError for an unknown org, InputError as `terms_of`, ConflictError for an instance name that is taken,
    and ForbiddenError for a user or group that the caller's right does not reach, or whose bindings hold more than the
    caller.
    """
    state = plane.states.get(org)
    terms = terms_of(state, who, request)
    _require_reach(state, who, terms, request.instance)
    if state.keys is None:
        raise UnavailableError(f"The org {org!r} has no keys yet.", code="no-key")
    now = plane.clock.now()
    token = make_enrollment_token(secrets.token_bytes(_RANDOM_BYTES), state.keys.root_public)
    record = EnrollmentRecord(
        id=new_id("enrollment"),
        org=org,
        sha256=credential_hash(token),
        user=terms.user.metadata.name,
        instance=request.instance,
        groups=terms.groups,
        tags=terms.tags,
        uses=terms.uses,
        uses_left=terms.uses,
        created_at=now,
        created_by=who.answerable,
        expires_at=now.replace(microsecond=0) + dt.timedelta(seconds=terms.ttl),
        template=terms.template,
        require_approval=terms.require_approval,
    )
    with plane.store.transaction() as transaction:
        require_present(transaction, state)
        require_standing(transaction, state, who, now)
        if request.instance is not None:
            require_unused(transaction, org, request.instance)
        transaction.enrollments.add(record)
        entry = done(
            now,
            who.actor,
            "enrollments:create",
            origin=origin,
            target=f"enrollment/{record.id}",
            after=_view(record).model_dump(mode="json", by_alias=True),
            enrollment=record.id,
        )
        transaction.audit.append(org, entry)
    return EnrollmentAnswer(id=record.id, token=token, expires_at=record.expires_at)


def list_enrollments(plane: ControlPlane, org: str) -> EnrollmentList:
    """All enrolments of the org, without their tokens. Raises NotFoundError."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = transaction.enrollments.list(org)
    return EnrollmentList(enrollments=tuple(_view(record) for record in found))


def revoke_enrollment(
    plane: ControlPlane, actor: str, org: str, enrollment_id: str, *, origin: Origin | None = None
) -> None:
    """From now on nobody enrols with it; instances that did stay. Raises NotFoundError."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        if not transaction.enrollments.revoke(org, enrollment_id, now):
            raise NotFoundError(
                f"There is no valid enrolment {enrollment_id!r} in this org.", code="unknown-enrollment"
            )
        entry = done(
            now,
            actor,
            "enrollments:revoke",
            origin=origin,
            target=f"enrollment/{enrollment_id}",
            before={"revokedAt": None},
            after={"revokedAt": format_instant(now)},
            enrollment=enrollment_id,
        )
        transaction.audit.append(org, entry)


def require_unused(transaction: Transaction, org: str, instance: str) -> None:
    """Raise ConflictError when the name belongs to an instance, or did: a name is never given twice."""
    if transaction.instances.get(org, instance) is not None:
        raise ConflictError(
            f"The instance name {instance!r} is taken.",
            hint="Choose another name, or leave it out and the server makes one up.",
            code="instance-exists",
        )


def _require_reach(state: OrgState, who: Principal, terms: Terms, instance: str | None) -> None:
    """Without a template the right must reach over the whole org, with one over the user and every group.

    Nobody gives a machine a group that carries rights which they do not hold: what is bound to groups reaches their
    members, and policies are aimed at roles. Groups that select by tag or by instance count like those that are named.
    """
    if terms.template is None:
        who.require("enrollments:create")
    of_user = state.access.groups_of_user(terms.user.metadata.name)
    subject = Subject(user=terms.user.metadata.name, instance=instance, groups=terms.groups, tags=dict(terms.tags))
    brought = state.model.facts(subject).groups - of_user | set(terms.groups)
    concerned = [of_user, *(frozenset((group,)) for group in sorted(brought))]
    who.require("enrollments:create", *(Target(groups=names) for names in concerned))
    missing = who.rights.beyond(state.access.rights_of_groups(brought))
    if missing:
        raise ForbiddenError(
            f"Nobody grants what they do not hold: {'; '.join(f'{right} through {right.via}' for right in missing)}.",
            hint="Leave the group out, or ask somebody who holds these rights.",
            code="grant-exceeds-grantor",
        )


def _view(record: EnrollmentRecord) -> EnrollmentView:
    return EnrollmentView(
        id=record.id,
        template=record.template,
        user=record.user,
        instance=record.instance,
        groups=record.groups,
        tags=dict(record.tags),
        uses=record.uses,
        uses_left=record.uses_left,
        require_approval=record.require_approval,
        created_at=record.created_at,
        created_by=record.created_by,
        expires_at=record.expires_at,
        revoked_at=record.revoked_at,
    )
