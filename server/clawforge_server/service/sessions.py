"""Sessions: a short access token, and a refresh token that is good for one use."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Literal

from clawforge.access.model import USER
from clawforge.errors import NotFoundError, UnauthenticatedError
from clawforge.resource.organization import Organization, OrganizationSpec
from clawforge.wire_identity import SessionAnswer, SessionList, SessionView
from clawforge_server.auth.authenticator import unknown_credential
from clawforge_server.auth.credential import PLUGIN_METHOD
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import (
    REFRESH_PREFIX,
    SESSION_PREFIX,
    credential_hash,
    new_credential,
    new_id,
)
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import end_session_tree, require_present
from clawforge_server.service.invariant_watch import Occasion, subjects_of, watching
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry, SessionRecord

ACCESS_LIFETIME = dt.timedelta(minutes=15)
LONGEST_UNREFRESHED = dt.timedelta(minutes=60)
LONGEST_REFRESHED = dt.timedelta(days=90)
PLUGIN_LIFETIME = dt.timedelta(days=30)
_REUSED = "refresh-token-reused"
_ENDED_KEPT = dt.timedelta(days=30)
"""How long a refresh token that comes again is known to be one that was used."""


def open_session(
    plane: ControlPlane,
    org: str,
    holder: str,
    *,
    method: Literal["oidc", "federated", "password"],
    claims: tuple[str, ...] = (),
    lifetime: dt.timedelta,
    refreshable: bool,
    origin: Origin,
    use_up: Callable[[Transaction], None] | None = None,
    seen: OrgState | None = None,
) -> SessionAnswer:
    """A session of a `user:x` or `service-account:y` whose identity was proved just now, audited.

    `use_up` runs first in the transaction: what proved the identity is good for one session, and it raises otherwise.
    `seen` is the state by which the identity was judged: it must be the present one still. Invariants are held against
    a person who comes with claims, on each of their machines.

    `lifetime` is that of the whole session: the org may allow less, and one that is not refreshable, as that of a
    service account never is, ends after 60 minutes at the latest. Raises
    NotFoundError for an unknown org, UnauthenticatedError for a holder who is not declared or not active,
    UnavailableError when the org changed at this moment.
    """
    state = seen if seen is not None else plane.states.get(org)
    now = plane.clock.now()
    if not state.access.is_active(holder, now):
        raise _not_active(state, holder)
    # A program proves who it is each time; only people stay signed in.
    refreshable = refreshable and holder.startswith(USER)
    longest = _longest(state) if refreshable else LONGEST_UNREFRESHED
    ends = now.replace(microsecond=0) + min(lifetime, longest)
    access = new_credential(SESSION_PREFIX)
    refresh = new_credential(REFRESH_PREFIX) if refreshable else None
    record = SessionRecord(
        id=new_id("session"),
        org=org,
        holder=holder,
        method=method,
        claims=tuple(sorted(set(claims))),
        created_at=now,
        expires_at=ends,
        address=origin.address[:64],
        access_sha256=credential_hash(access),
        access_expires_at=min(now.replace(microsecond=0) + ACCESS_LIFETIME, ends) if refreshable else ends,
        refresh_sha256=None if refresh is None else credential_hash(refresh),
    )
    with watching(plane, state) as watch, plane.store.transaction() as transaction:
        if use_up is not None:
            use_up(transaction)
        require_present(transaction, state)
        transaction.sessions.forget_ended(org, now - _ENDED_KEPT)
        transaction.sessions.add(record)
        named = dataclasses.replace(origin, credential=record.id)
        entry = done(
            now,
            holder,
            "sessions:create",
            origin=named,
            target=f"session/{record.id}",
            after=_document(record),
            session=record.id,
            method=method,
        )
        transaction.audit.append(org, entry)
        if claims and holder.startswith(USER):
            subjects = subjects_of(transaction, org, holder.removeprefix(USER), now, record.claims)
            watch.hold(transaction, subjects, Occasion(holder, now, named), served=True)
    return _answer(record, access, refresh)


def refresh_session(plane: ControlPlane, token: str, *, origin: Origin) -> SessionAnswer:
    """New tokens for old ones; the old ones are dead from now on.

    A refresh token that comes a second time ends the session, and every token that was made in it: one of the two who
    showed it is a thief. Raises UnauthenticatedError.
    """
    now = plane.clock.now()
    sha256 = credential_hash(token)
    with plane.store.transaction() as transaction:
        found = transaction.sessions.find_refresh(sha256)
    if not token.startswith(REFRESH_PREFIX) or found is None:
        raise unknown_credential()
    session, unused = found
    # First, and also after the session was left: a thief who leaves would keep the keys that were made in it.
    if not unused and session.ended_by != _REUSED:
        raise _reused(plane, session, now, origin)
    if session.ended_at is not None or now >= session.expires_at:
        raise unknown_credential()
    state = plane.states.get(session.org)
    if not state.access.is_active(session.holder, now):
        raise unknown_credential()
    return _rotated(plane, state, session, sha256, origin)


def _rotated(plane: ControlPlane, state: OrgState, session: SessionRecord, used: str, origin: Origin) -> SessionAnswer:
    now = plane.clock.now()
    access, refresh = new_credential(SESSION_PREFIX), new_credential(REFRESH_PREFIX)
    # A machine has nobody who could sign in again: its session lasts as long as it is used.
    rolling = session.method == PLUGIN_METHOD
    ends = now.replace(microsecond=0) + PLUGIN_LIFETIME if rolling else session.expires_at
    renewed = dataclasses.replace(
        session,
        expires_at=ends,
        access_sha256=credential_hash(access),
        access_expires_at=min(now.replace(microsecond=0) + ACCESS_LIFETIME, ends),
        refresh_sha256=credential_hash(refresh),
        refreshed_at=now,
    )
    with plane.store.transaction() as transaction:
        require_present(transaction, state)
        rotated = transaction.sessions.rotate(renewed, used)
        if rotated:
            transaction.revocations.add(session.org)
            named = dataclasses.replace(origin, credential=session.id)
            target = f"session/{session.id}"
            entry = done(now, session.holder, "sessions:refresh", origin=named, target=target, session=session.id)
            transaction.audit.append(session.org, entry)
    if not rotated:
        # Somebody else was faster by a moment.
        raise _reused(plane, session, now, origin)
    plane.credentials.forget((session.access_sha256,))
    return _answer(renewed, access, refresh)


def _reused(plane: ControlPlane, session: SessionRecord, now: dt.datetime, origin: Origin) -> UnauthenticatedError:
    with plane.store.transaction() as transaction:
        hashes = end_session_tree(transaction, session.org, session.id, now, _REUSED)
        detail = {"code": _REUSED, "session": session.id, "revoked": len(hashes)}
        named = dataclasses.replace(origin, credential=session.id)
        entry = AuditEntry(
            now, session.holder, "sessions:refresh", "refused", detail, target=f"session/{session.id}", origin=named
        )
        transaction.audit.append(session.org, entry)
    plane.credentials.forget(hashes)
    plane.wakeups.notify(session.org)
    return UnauthenticatedError(
        "This session was ended, because its refresh token was used twice: somebody else may have it.",
        hint="Sign in again with `clawforge login`. If you did not copy the token, tell whoever runs this server.",
        code=_REUSED,
    )


def list_sessions(plane: ControlPlane, who: Principal, org: str) -> SessionList:
    """The org's sessions for whoever may see them, one's own for everybody else. Raises NotFoundError."""
    plane.states.get(org)
    everybody = who.may("sessions:read")
    with plane.store.transaction() as transaction:
        found = transaction.sessions.list(org, None if everybody else who.holder)
    visible = (record for record in found if everybody or who.owns(record.holder, record.id))
    return SessionList(sessions=tuple(_view(record, who) for record in visible))


def end_session(plane: ControlPlane, who: Principal, org: str, session_id: str, *, origin: Origin) -> None:
    """The session's tokens are dead at once. Keys that were made in it live on when its own holder ends it, and die
    with it when somebody else does. Raises NotFoundError, ForbiddenError."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        session = transaction.sessions.get(org, session_id)
        own = session is not None and who.owns(session.holder, session.id)
        if not own:
            who.require("sessions:revoke")
        if session is None or session.ended_at is not None:
            raise NotFoundError(f"There is no live session {session_id!r} in this org.", code="unknown-session")
        if own:
            transaction.sessions.end(org, session_id, now, who.actor)
            transaction.revocations.add(org)
            hashes: tuple[str, ...] = (session.access_sha256,)
        else:
            hashes = end_session_tree(transaction, org, session_id, now, who.actor)
        entry = done(
            now,
            who.actor,
            "sessions:revoke",
            origin=origin,
            target=f"session/{session_id}",
            before=_document(session),
            session=session_id,
            holder=session.holder,
        )
        transaction.audit.append(org, entry)
    plane.credentials.forget(hashes)
    plane.wakeups.notify(org)


def _longest(state: OrgState) -> dt.timedelta:
    """For how long the org lets people stay signed in."""
    found = state.resources.get(f"Organization/{state.name}")
    spec = found.spec if isinstance(found, Organization) else OrganizationSpec()
    return min(dt.timedelta(seconds=spec.sessions.lifetime), LONGEST_REFRESHED)


def _not_active(state: OrgState, holder: str) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"{holder!r} may not sign in to the org {state.name!r}: it is not declared there, or not active.",
        hint="Ask an admin of the org to declare or activate it.",
        code="holder-not-active",
    )


def _answer(record: SessionRecord, access: str, refresh: str | None) -> SessionAnswer:
    return SessionAnswer(
        session=record.id,
        access_token=access,
        expires_at=record.access_expires_at,
        refresh_token=refresh,
        refresh_expires_at=None if refresh is None else record.expires_at,
        org=record.org,
        principal=record.holder,
    )


def _document(record: SessionRecord) -> dict[str, object]:
    """For the audit log: everything but the hashes."""
    return _plain_view(record).model_dump(mode="json", by_alias=True)


def _view(record: SessionRecord, who: Principal) -> SessionView:
    return _plain_view(record).model_copy(update={"current": record.id == who.credential})


def _plain_view(record: SessionRecord) -> SessionView:
    return SessionView(
        id=record.id,
        holder=record.holder,
        method=record.method,
        created_at=record.created_at,
        refreshed_at=record.refreshed_at,
        expires_at=record.expires_at,
        address=record.address,
        ended_at=record.ended_at,
        ended_by=record.ended_by,
    )
