"""The right to enrol: for one declared, active user, for a while, and a number of times."""

from __future__ import annotations

import datetime as dt
import secrets

from clawforge.errors import ConflictError, InputError, NotFoundError, UnavailableError
from clawforge.keys import make_enrollment_token
from clawforge.resource.user import User, UserState
from clawforge.spelling import nearest
from clawforge.wire import EnrollmentAnswer, EnrollmentList, EnrollmentRequest, EnrollmentView
from clawforge_server.auth.secrets import credential_hash, new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import done
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import EnrollmentRecord

_RANDOM_BYTES = 32


def create_enrollment(plane: ControlPlane, actor: str, org: str, request: EnrollmentRequest) -> EnrollmentAnswer:
    """Mint an enrolment token; it is shown once, and its tail pins the org's root key.

    Raises NotFoundError for an unknown org, InputError for a user or group that is not declared, and ConflictError
    for an instance name that is taken.
    """
    state = plane.states.get(org)
    user = active_user(state, request.user)
    _require_groups(state, request.groups)
    if request.instance is not None and request.uses != 1:
        raise InputError(
            "A token for a named instance can be used once only.",
            hint="Leave the instance out: the server then makes up a name for each.",
            code="invalid-request",
        )
    if state.keys is None:
        raise UnavailableError(f"The org {org!r} has no keys yet.", code="no-key")
    now = plane.clock.now()
    token = make_enrollment_token(secrets.token_bytes(_RANDOM_BYTES), state.keys.root_public)
    record = EnrollmentRecord(
        id=new_id("enrollment"),
        org=org,
        sha256=credential_hash(token),
        user=user.metadata.name,
        instance=request.instance,
        groups=tuple(sorted(set(request.groups))),
        tags=dict(request.tags),
        uses=request.uses,
        uses_left=request.uses,
        created_at=now,
        created_by=actor,
        expires_at=now.replace(microsecond=0) + dt.timedelta(seconds=request.ttl),
    )
    with plane.store.transaction() as transaction:
        if request.instance is not None:
            require_unused(transaction, org, request.instance)
        transaction.enrollments.add(record)
        detail = {"enrollment": record.id, "user": record.user, "instance": record.instance, "uses": record.uses}
        transaction.audit.append(org, done(now, actor, "enrollments:create", **detail))
    return EnrollmentAnswer(id=record.id, token=token, expires_at=record.expires_at)


def list_enrollments(plane: ControlPlane, org: str) -> EnrollmentList:
    """All enrolments of the org, without their tokens. Raises NotFoundError."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = transaction.enrollments.list(org)
    return EnrollmentList(enrollments=tuple(_view(record) for record in found))


def revoke_enrollment(plane: ControlPlane, actor: str, org: str, enrollment_id: str) -> None:
    """From now on nobody enrols with it; instances that did stay. Raises NotFoundError."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        if not transaction.enrollments.revoke(org, enrollment_id, now):
            raise NotFoundError(
                f"There is no valid enrolment {enrollment_id!r} in this org.", code="unknown-enrollment"
            )
        transaction.audit.append(org, done(now, actor, "enrollments:revoke", enrollment=enrollment_id))


def active_user(state: OrgState, name: str) -> User:
    """The declared user of this name or email. Raises InputError unless there is one, and active."""
    user = state.users.get(name) or state.users.get(name.lower())
    if user is None:
        guess = nearest(name, state.users)
        raise InputError(
            f"The org {state.name!r} has no user {name!r}.",
            hint=f"Did you mean {guess!r}?" if guess else "Declare the user and apply, then mint again.",
            code="unknown-user",
        )
    if user.spec.state is not UserState.ACTIVE:
        raise InputError(
            f"The user {user.metadata.name!r} is suspended.",
            hint="Make the user active and apply, then mint again.",
            code="user-not-active",
        )
    return user


def require_unused(transaction: Transaction, org: str, instance: str) -> None:
    """Raise ConflictError when the name belongs to an instance, or did: a name is never given twice."""
    if transaction.instances.get(org, instance) is not None:
        raise ConflictError(
            f"The instance name {instance!r} is taken.",
            hint="Choose another name, or leave it out and the server makes one up.",
            code="instance-exists",
        )


def _require_groups(state: OrgState, groups: tuple[str, ...]) -> None:
    for group in groups:
        if group not in state.groups:
            guess = nearest(group, state.groups)
            raise InputError(
                f"The org {state.name!r} has no group {group!r}.",
                hint=f"Did you mean {guess!r}?" if guess else "Declare the group and apply, then mint again.",
                code="unknown-group",
            )


def _view(record: EnrollmentRecord) -> EnrollmentView:
    return EnrollmentView(
        id=record.id,
        user=record.user,
        instance=record.instance,
        groups=record.groups,
        tags=dict(record.tags),
        uses=record.uses,
        uses_left=record.uses_left,
        created_at=record.created_at,
        created_by=record.created_by,
        expires_at=record.expires_at,
        revoked_at=record.revoked_at,
    )
