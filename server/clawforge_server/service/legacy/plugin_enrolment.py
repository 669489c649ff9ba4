"""An old plugin enrols with one of our tokens: it becomes an instance, and gets a session that speaks for it alone."""

from __future__ import annotations

import dataclasses
import datetime as dt

from clawforge.access.model import USER
from clawforge.errors import ConflictError, ForbiddenError, UnauthenticatedError
from clawforge.legacy.answer import SessionTokens
from clawforge.wire_enrollment import EnrollRequest
from clawforge.wire_identity import SessionAnswer
from clawforge_server.auth.credential import PLUGIN_METHOD
from clawforge_server.auth.secrets import (
    REFRESH_PREFIX,
    SESSION_PREFIX,
    credential_hash,
    new_credential,
    new_id,
)
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.audit_trail import done
from clawforge_server.service.enrolling import enroll
from clawforge_server.service.legacy.plugin_session import tokens_of
from clawforge_server.service.sessions import ACCESS_LIFETIME, PLUGIN_LIFETIME
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import EnrollmentRecord, InstanceRecord, SessionRecord


def enroll_plugin(plane: ControlPlane, token: str, email: str, hostname: str, origin: Origin) -> SessionTokens:
    """Use the token once. `email` must be that of the person whom the token is for; it decides nothing.

    Raises as `enroll`; besides ForbiddenError for somebody else's address, and ConflictError for a token that this
    person has used up.
    """
    with plane.store.transaction() as transaction:
        found = transaction.enrollments.find(credential_hash(token))
    if found is None:
        raise UnauthenticatedError("Invalid enrollment token", code="bad-enrollment-token")
    _require_own(plane, found, email)
    access, refresh = new_credential(SESSION_PREFIX), new_credential(REFRESH_PREFIX)
    now = plane.clock.now()
    session = _session(found, access, refresh, now, origin)

    def beside(transaction: Transaction, instance: InstanceRecord) -> None:
        record = dataclasses.replace(session, instance=instance.name)
        transaction.sessions.add(record)
        named = dataclasses.replace(origin, credential=record.id)
        entry = done(
            now,
            record.holder,
            "sessions:create",
            origin=named,
            target=f"session/{record.id}",
            session=record.id,
            method=record.method,
            instance=instance.name,
        )
        transaction.audit.append(record.org, entry)

    enroll(plane, EnrollRequest(token=token, hostname=hostname), origin=origin, beside=beside, protocol="plugin")
    answer = SessionAnswer(
        session=session.id,
        access_token=access,
        expires_at=session.access_expires_at,
        refresh_token=refresh,
        refresh_expires_at=session.expires_at,
        org=session.org,
        principal=session.holder,
    )
    return tokens_of(plane, answer, origin)


def _require_own(plane: ControlPlane, found: EnrollmentRecord, email: str) -> None:
    """Whoever has the token is told for whom it is not, and nothing else about the org."""
    name = plane.states.get(found.org).access.user_name(email)
    if name != found.user:
        raise ForbiddenError(
            "This enrollment token is for another person.",
            hint="Use your own email address, or ask an administrator for a token of your own.",
            code="foreign-enrollment",
        )
    if found.uses_left < 1 and found.revoked_at is None:
        raise ConflictError(
            "A user with this email already exists in the organization",
            hint="The token was used already: ask for a new one for another machine.",
            code="enrollment-used",
        )


def _session(found: EnrollmentRecord, access: str, refresh: str, now: dt.datetime, origin: Origin) -> SessionRecord:
    whole = now.replace(microsecond=0)
    return SessionRecord(
        id=new_id("session"),
        org=found.org,
        holder=f"{USER}{found.user}",
        method=PLUGIN_METHOD,
        claims=(),
        created_at=now,
        expires_at=whole + PLUGIN_LIFETIME,
        address=origin.address[:64],
        access_sha256=credential_hash(access),
        access_expires_at=whole + ACCESS_LIFETIME,
        refresh_sha256=credential_hash(refresh),
    )
