"""Resetting how a user signs in: another password, or another account of the org's provider."""

from __future__ import annotations

import datetime as dt

from clawforge.access.model import USER
from clawforge.errors import ForbiddenError, InputError, NotFoundError
from clawforge.resource.user import User
from clawforge.wire_identity import PasswordResetAnswer
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import credential_hash, new_credential
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.audit_trail import done
from clawforge_server.service.credentials import PutOut, end_credentials, require_standing
from clawforge_server.service.sign_in_methods import organization
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Store, Transaction
from clawforge_server.store.sign_in import PasswordResetRecord

RESET_PREFIX = "cf_reset_"
RESET_LIFE = dt.timedelta(hours=24)


def offer_password(plane: ControlPlane, who: Principal, org: str, user: str, origin: Origin) -> PasswordResetAnswer:
    """A code with which the user's password is set, once, within a day. An earlier code is void.

    Raises NotFoundError for an unknown user, InputError where the org takes no passwords, ForbiddenError for a user
    with rights that the caller lacks: whoever has the code can become them.
    """
    state = plane.states.get(org)
    found = _resettable(state, who, user)
    if not organization(plane, org).passwords.enabled:
        raise InputError(
            "This org takes no passwords.",
            hint="Set `passwords: {enabled: true}` in its Organization, or let people sign in with single sign-on.",
            code="passwords-disabled",
        )
    with plane.store.transaction() as transaction:
        require_standing(transaction, state, who, plane.clock.now())
        offered = _offer(transaction, org, found, plane.clock.now(), who.answerable)
        entry = done(plane.clock.now(), who.actor, "users:reset", origin=origin, target=found.address, what="password")
        transaction.audit.append(org, entry)
    return offered


def release_identity(plane: ControlPlane, who: Principal, org: str, user: str, origin: Origin) -> None:
    """Let another account of the provider sign in as the user; everything of the present one ends.

    Raises NotFoundError for an unknown user or one who never signed in, ForbiddenError for a user with rights that the
    caller lacks.
    """
    state = plane.states.get(org)
    found = _resettable(state, who, user)
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        require_standing(transaction, state, who, now)
        if not transaction.identities.release(org, found.spec.email):
            raise NotFoundError("Nobody has signed in as this user by single sign-on.", code="no-identity")
        put_out = PutOut(frozenset({f"{USER}{found.metadata.name}"}), frozenset())
        ended = end_credentials(transaction, org, put_out, now, who.actor)
        entry = done(
            now, who.actor, "users:reset", origin=origin, target=found.address, what="identity", ended=len(ended)
        )
        transaction.audit.append(org, entry)
    plane.credentials.forget(ended)
    plane.wakeups.notify(org)


def _resettable(state: OrgState, who: Principal, user: str) -> User:
    """The declared user, given by name or address. Raises NotFoundError, and ForbiddenError for one who holds more."""
    name = state.access.user_name(user)
    if name is None:
        raise NotFoundError(f"The org declares no user {user!r}.", code="unknown-user")
    missing = who.rights.beyond(state.access.rights_of_user(name, state.access.claims))
    if missing:
        raise ForbiddenError(
            "This user holds rights that you lack, and whoever resets them could become them: "
            f"{', '.join(sorted({str(right) for right in missing})[:5])}.",
            hint="Ask somebody who holds at least as much.",
            code="grant-exceeds-grantor",
        )
    return state.access.users[name]


def offer_on_host(store: Store, state: OrgState, user: str, now: dt.datetime) -> PasswordResetAnswer:
    """A code, by the right of whoever may read the data directory. Raises NotFoundError."""
    name = state.access.user_name(user)
    if name is None:
        raise NotFoundError(f"The org {state.name!r} declares no user {user!r}.", code="unknown-user")
    with store.transaction() as transaction:
        offered = _offer(transaction, state.name, state.access.users[name], now, "host")
        entry = done(now, "host", "users:reset", target=f"User/{name}", what="password")
        transaction.audit.append(state.name, entry)
    return offered


def _offer(transaction: Transaction, org: str, user: User, now: dt.datetime, by: str) -> PasswordResetAnswer:
    """Keep a new code for a declared user."""
    code = new_credential(RESET_PREFIX)
    expires_at = now.replace(microsecond=0) + RESET_LIFE
    transaction.passwords.offer(PasswordResetRecord(org, user.spec.email, credential_hash(code), now, by, expires_at))
    return PasswordResetAnswer(user=user.metadata.name, code=code, expires_at=expires_at)
