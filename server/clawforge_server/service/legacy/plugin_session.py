"""Sessions of old plugins: each belongs to a person and to one instance, whose policy it gets.

A plugin that enrolled is a machine: its session carries no right of the person. One that a person signed in with a
password or a provider carries that person's rights, and gets an instance when it first asks for a policy.
"""

from __future__ import annotations

import secrets

from clawforge.access.model import USER
from clawforge.errors import ForbiddenError, UnauthenticatedError
from clawforge.legacy.answer import SessionTokens
from clawforge.legacy.identifier import org_id, user_id
from clawforge.legacy.role import role_of
from clawforge.wire_identity import SessionAnswer
from clawforge_server.auth.authenticator import principal_of, unknown_credential
from clawforge_server.auth.credential import Credential
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import INSTANCE_PREFIX, credential_hash, new_credential
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.audit_trail import done
from clawforge_server.service.credentials import require_present
from clawforge_server.service.enrolling import require_room
from clawforge_server.service.invariant_watch import Occasion, Watch, watching
from clawforge_server.service.sessions import refresh_session
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord

SIGNED_IN = "sign-in"
"""The enrolment of an instance that no token made, but a person who signed in with a plugin."""
_NAME_BYTES = 4


def tokens_of(plane: ControlPlane, answer: SessionAnswer, origin: Origin) -> SessionTokens:
    """A session that was just opened or prolonged, as a plugin keeps it. Raises UnauthenticatedError when it, or its
    holder, ended at this very moment."""
    now = plane.clock.now()
    found = plane.credentials.find(credential_hash(answer.access_token), now)
    state = plane.states.get(answer.org)
    user = state.access.users.get(answer.principal.removeprefix(USER))
    if not isinstance(found, Credential) or user is None or answer.refresh_token is None:
        raise unknown_credential()
    principal = principal_of(found, state, now, origin.address)
    return SessionTokens(
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_at=int(answer.expires_at.timestamp() * 1000),
        user_id=user_id(answer.org, user.metadata.name),
        org_id=org_id(answer.org),
        email=user.spec.email,
        roles=(role_of(principal.rights),),
    )


def refresh_plugin(plane: ControlPlane, token: str, origin: Origin) -> tuple[str, SessionTokens]:
    """The session, and new tokens for a refresh token, which is good for one use.

    Raises UnauthenticatedError, also for a plugin whose instance was revoked.
    """
    with plane.store.transaction() as transaction:
        found = transaction.sessions.find_refresh(credential_hash(token))
        if found is not None and found[0].instance is not None:
            instance = transaction.instances.get(found[0].org, found[0].instance)
            if instance is None or instance.revoked_at is not None:
                raise unknown_credential()
    answer = refresh_session(plane, token, origin=origin)
    return answer.session, tokens_of(plane, answer, origin)


def instance_of(plane: ControlPlane, credential: Credential, who: Principal, origin: Origin) -> InstanceRecord:
    """The active instance of a plugin's session, made if the session has none yet. Blocks.

    Raises ForbiddenError for a credential that is no person's session, and for an instance that waits for an approval;
    UnauthenticatedError for one that was revoked; ConflictError when the org has no room for another one.
    """
    org = who.org
    if org is None or who.kind != "user" or not credential.id.startswith("session-"):
        raise ForbiddenError(
            "An API key belongs to no plugin, so it has no policy.", hint="Sign in, or enrol.", code="no-plugin"
        )
    if credential.instance is None:
        return _signed_in(plane, org, who, origin)
    return _active(plane, org, credential.instance)


def _active(plane: ControlPlane, org: str, name: str) -> InstanceRecord:
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        found = transaction.instances.get(org, name)
        if found is not None and found.state_at(now) == "active":
            plane.plugins.keep(found)
            return found
    if found is not None and found.state_at(now) == "pending":
        raise ForbiddenError(f"The instance {found.name!r} waits for an approval.", code="enrolment-pending")
    raise UnauthenticatedError("The instance of this plugin was revoked.", code="instance-revoked")


def _signed_in(plane: ControlPlane, org: str, who: Principal, origin: Origin) -> InstanceRecord:
    """The instance of all plugins in which a person signed in: the old protocol does not tell machines apart."""
    state = plane.states.get(org)
    with watching(plane, state) as watch, plane.store.transaction() as transaction:
        require_present(transaction, state)
        session = transaction.sessions.get(org, who.credential)
        if session is None or session.ended_at is not None:
            raise unknown_credential()
        name = session.instance
        if name is None:
            name = _bound(plane, transaction, state, who, watch, origin)
    plane.version_looks.newcomer(org)
    # What is in memory about the session does not name its instance yet.
    plane.credentials.forget((session.access_sha256,))
    return _active(plane, org, name)


def _bound(
    plane: ControlPlane, transaction: Transaction, state: OrgState, who: Principal, watch: Watch, origin: Origin
) -> str:
    """The name of the instance that the session has from now on."""
    org, now = state.name, plane.clock.now()
    own = transaction.instances.of_user(org, who.name)
    found = next((item for item in own if item.enrollment == SIGNED_IN and item.state_at(now) == "active"), None)
    if found is None:
        require_room(transaction, state, now)
        found = _new_instance(plane, transaction, org, who.name)
        entry = done(
            now,
            who.actor,
            "instances:enroll",
            origin=origin,
            target=f"instance/{found.name}",
            after={"user": found.user, "host": found.host, "state": "active"},
            instance=found.name,
            user=found.user,
        )
        transaction.audit.append(org, entry)
        watch.hold(transaction, (subject_of(found),), Occasion(who.actor, now, origin))
    transaction.sessions.bind(org, who.credential, found.name)
    target = f"session/{who.credential}"
    entry = done(now, who.actor, "sessions:bind", origin=origin, target=target, instance=found.name)
    transaction.audit.append(org, entry)
    return found.name


def _new_instance(plane: ControlPlane, transaction: Transaction, org: str, user: str) -> InstanceRecord:
    while True:
        name = f"plugin-{secrets.token_hex(_NAME_BYTES)}"
        if transaction.instances.get(org, name) is None:
            break
    instance = InstanceRecord(
        org=org,
        name=name,
        # Of a credential that nobody has: the plugin shows its session.
        sha256=credential_hash(new_credential(INSTANCE_PREFIX)),
        user=user,
        groups=(),
        tags={},
        hostname="",
        host="openclaw",
        versions={},
        enrollment=SIGNED_IN,
        enrolled_at=plane.clock.now(),
        protocol="plugin",
    )
    transaction.instances.add(instance)
    return instance
