"""An agent enrols: one use of a token becomes an instance with a credential of its own."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import re
import secrets
from collections.abc import Callable

from clawforge.errors import ClawforgeError, ConflictError, UnauthenticatedError, UnavailableError
from clawforge.wire_enrollment import AgentProtocol, EnrollAnswer, EnrollRequest
from clawforge_server.auth.secrets import INSTANCE_PREFIX, credential_hash, new_credential
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done, record_refusal
from clawforge_server.service.credentials import require_present
from clawforge_server.service.enrollment_terms import active_user, find_template, is_for
from clawforge_server.service.enrollments import require_unused
from clawforge_server.service.invariant_watch import Occasion, watching
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_keys import OrgKeys
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import EnrollmentRecord, InstanceRecord

_LABEL_LIMIT = 200
_PENDING_LIFE = dt.timedelta(days=7)
"""For how long a machine may wait for its approval."""


Beside = Callable[[Transaction, InstanceRecord], None]
"""What else is written in the transaction in which an instance is made."""


def enroll(
    plane: ControlPlane,
    request: EnrollRequest,
    *,
    origin: Origin | None = None,
    beside: Beside | None = None,
    protocol: AgentProtocol = "agent",
) -> EnrollAnswer:
    """Use the token once: exactly as many agents enrol as it has uses, however many try at the same moment.

    Raises UnauthenticatedError for a token that is unknown, used up, expired or revoked; InputError when its user is
    not active any more; ConflictError when its instance name was taken meanwhile; UnavailableError when the org changed
    at this moment: the token keeps its use. An instance that violates an invariant which says so joins in quarantine.
    """
    with plane.store.transaction() as transaction:
        found = transaction.enrollments.find(credential_hash(request.token))
    if found is None:
        raise _refused("This enrolment token is not valid on this server.")
    now = plane.clock.now()
    try:
        return _enrolled(plane, found, request, now, origin, beside, protocol)
    except UnavailableError:
        raise
    except ClawforgeError as error:
        # A token that comes again may be a stolen one.
        actor = f"enrollment:{found.id}"
        record_refusal(plane.store, found.org, now, actor, "instances:enroll", error.code, origin=origin)
        raise


def _enrolled(
    plane: ControlPlane,
    found: EnrollmentRecord,
    request: EnrollRequest,
    now: dt.datetime,
    origin: Origin | None,
    beside: Beside | None,
    protocol: AgentProtocol,
) -> EnrollAnswer:
    state = plane.states.get(found.org)
    active_user(state, found.user)
    approval = _needs_approval(state, found)
    sha256 = found.sha256
    credential = new_credential(INSTANCE_PREFIX)
    with watching(plane, state) as watch, plane.store.transaction() as transaction:
        # An apply may have been in the way, and the template may ask for an approval now.
        require_present(transaction, state)
        enrollment = _usable(transaction, sha256, now)
        require_room(transaction, state, now)
        instance = _instance(transaction, enrollment, request, credential_hash(credential), now, protocol)
        if approval:
            instance = dataclasses.replace(instance, pending_until=now.replace(microsecond=0) + _PENDING_LIFE)
        transaction.instances.add(instance)
        entry = done(
            now,
            f"instance:{instance.name}",
            "instances:enroll",
            origin=origin,
            target=f"instance/{instance.name}",
            after={
                "user": instance.user,
                "groups": list(instance.groups),
                "tags": dict(instance.tags),
                "hostname": instance.hostname,
                "host": instance.host,
                "state": instance.state_at(now),
            },
            enrollment=enrollment.id,
            instance=instance.name,
            user=instance.user,
        )
        transaction.audit.append(found.org, entry)
        if beside is not None:
            beside(transaction, instance)
        if not approval:
            watch.hold(transaction, (subject_of(instance),), Occasion(f"instance:{instance.name}", now, origin))
            # Known from now on: its polls are answered even if its address is slowed down for what others send.
            plane.instances.keep(instance)
        # Signed anew: an agent that enrols now must not get a key set that ends soon.
        keys = OrgKeys(found.org, _epoch(transaction, found.org), transaction.orgs.keys(found.org), now)
    plane.version_looks.newcomer(found.org)
    return EnrollAnswer(
        org=found.org,
        instance=instance.name,
        user=instance.user,
        credential=credential,
        state="pending" if approval else "active",
        root_key=keys.root_key,
        keys=keys.key_set,
    )


def _needs_approval(state: OrgState, enrollment: EnrollmentRecord) -> bool:
    """Whether the machine has to wait. What the template says now counts as well as what it said when the token was
    made. Raises UnauthenticatedError when the template is gone or not for this user any more."""
    if enrollment.template is None:
        return enrollment.require_approval
    template = find_template(state, enrollment.template)
    if template is None or not is_for(template, state.access, enrollment.user):
        raise _refused("The template of this enrolment token is not for this user any more.")
    return enrollment.require_approval or template.spec.require_approval


def _usable(transaction: Transaction, sha256: str, now: dt.datetime) -> EnrollmentRecord:
    """Take one use, inside the transaction in which the instance is made."""
    enrollment = transaction.enrollments.find(sha256)
    if enrollment is None or enrollment.revoked_at is not None:
        raise _refused("This enrolment token was revoked.")
    if now >= enrollment.expires_at:
        raise _refused("This enrolment token has expired.")
    if not transaction.enrollments.use(enrollment.org, enrollment.id):
        raise _refused("This enrolment token was used already.")
    return enrollment


def require_room(transaction: Transaction, state: OrgState, now: dt.datetime) -> None:
    """Raise ConflictError when the org has as many instances as it allows; the token keeps its use then."""
    most = state.limits.instances
    if most is not None and transaction.instances.count(state.name, now) >= most:
        raise ConflictError(
            f"The org has {most} instances, which is as many as it allows.",
            hint="Revoke one that is not used any more, or raise `limits.instances` of the Organization.",
            code="too-many-instances",
        )


def _instance(
    transaction: Transaction,
    enrollment: EnrollmentRecord,
    request: EnrollRequest,
    sha256: str,
    now: dt.datetime,
    protocol: AgentProtocol,
) -> InstanceRecord:
    name = enrollment.instance or _new_name(transaction, enrollment)
    require_unused(transaction, enrollment.org, name)
    return InstanceRecord(
        org=enrollment.org,
        name=name,
        sha256=sha256,
        user=enrollment.user,
        groups=enrollment.groups,
        tags=enrollment.tags,
        hostname=request.hostname[:_LABEL_LIMIT],
        host=request.host[:64],
        versions=dict(request.versions),
        enrollment=enrollment.id,
        enrolled_at=now,
        protocol=protocol,
    )


def _new_name(transaction: Transaction, enrollment: EnrollmentRecord) -> str:
    """`dev-k3x9qa`: the user, and 30 random bits; drawn again in the rare case that the name is taken."""
    slug = re.sub(r"[^a-z0-9]+", "-", enrollment.user.lower()).strip("-") or "instance"
    while True:
        tail = base64.b32encode(secrets.token_bytes(5)).decode().lower()[:6]
        name = f"{slug[:56]}-{tail}"
        if transaction.instances.get(enrollment.org, name) is None:
            return name


def _epoch(transaction: Transaction, org: str) -> int:
    record = transaction.orgs.get(org)
    return record.epoch if record is not None else 0


def _refused(message: str) -> UnauthenticatedError:
    return UnauthenticatedError(
        message, hint="Ask for a new one: `clawforge enroll mint --user NAME`.", code="bad-enrollment-token"
    )
