"""Passwords: signing in with one, and setting one by a code that is good for one use."""

from __future__ import annotations

from clawforge.access.model import USER
from clawforge.errors import InputError, UnauthenticatedError
from clawforge.resource.user import User
from clawforge.wire_identity import PasswordAnswer, SessionAnswer
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.audit_trail import done
from clawforge_server.service.credentials import PutOut, end_credentials
from clawforge_server.service.sessions import LONGEST_REFRESHED, open_session
from clawforge_server.service.sign_in_methods import organization, organization_of
from clawforge_server.store.port import Transaction
from clawforge_server.store.sign_in import PasswordRecord

_SHORTEST = 12
_MOST_BYTES = 1024


def sign_in_with_password(plane: ControlPlane, org: str, email: str, password: str, origin: Origin) -> SessionAnswer:
    """A session of the declared user with this address.

    Raises UnauthenticatedError, the same one after the same work whether the org, the user or the password is wrong,
    or the org takes no passwords.
    """
    state = plane.states.find(org)
    # By address alone: where names are told from addresses, everybody can be named in one way only.
    name = state.access.user_name(email) if state is not None and "@" in email else None
    holder = f"{USER}{name}"
    with plane.store.transaction() as transaction:
        stored = transaction.passwords.get(org, email)
    matches = plane.desk.passwords.matches(None if stored is None else stored.hash, password)
    usable = (
        state is not None
        and organization_of(state).passwords.enabled
        and state.access.is_active(holder, plane.clock.now())
    )
    if not (matches and usable):
        raise UnauthenticatedError(
            "Email address and password do not belong together, or cannot be used here.",
            hint="Check --org and the address. An administrator of the org can let you set a new password.",
            code="bad-password",
        )

    def unchanged(transaction: Transaction) -> None:
        if transaction.passwords.get(org, email) != stored:
            raise UnauthenticatedError("The password was changed just now.", hint="Sign in again.", code="bad-password")

    return open_session(
        plane,
        org,
        holder,
        method="password",
        lifetime=LONGEST_REFRESHED,
        refreshable=True,
        origin=origin,
        use_up=unchanged,
        seen=state,
    )


def set_password(plane: ControlPlane, code: str, password: str, origin: Origin) -> PasswordAnswer:
    """Set a password by a code, which is used up; every session of the user ends.

    Raises UnauthenticatedError for a code that is not good, InputError for a password that is none: the code stays
    good then.
    """
    now = plane.clock.now()
    sha256 = credential_hash(code)
    with plane.store.transaction() as transaction:
        offered = transaction.passwords.find_offer(sha256)
    if offered is None or now >= offered.expires_at:
        raise _bad_code()
    access = plane.states.get(offered.org).access
    name = access.user_name(offered.email)
    holder = f"{USER}{name}"
    if name is None or not organization(plane, offered.org).passwords.enabled or not access.is_active(holder, now):
        raise _bad_code()
    user = access.users[name]
    check_password(password, offered.org, user)
    record = PasswordRecord(offered.email, plane.desk.passwords.make(password), now)
    with plane.store.transaction() as transaction:
        if transaction.passwords.take(sha256) is None:
            raise _bad_code()
        transaction.passwords.set(offered.org, record)
        ended = end_credentials(transaction, offered.org, PutOut(frozenset(), frozenset({holder})), now, "password-set")
        entry = done(now, holder, "passwords:set", origin=origin, target=user.address, ended=len(ended))
        transaction.audit.append(offered.org, entry)
    plane.credentials.forget(ended)
    plane.wakeups.notify(offered.org)
    return PasswordAnswer(org=offered.org, user=name)


def check_password(password: str, org: str, user: User) -> None:
    """Raise InputError for a password that others would try first. Length counts, not kinds of characters."""
    plain = password.casefold().strip()
    if len(password) < _SHORTEST:
        raise _unusable(f"It needs at least {_SHORTEST} characters.")
    if len(password.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        raise _unusable(f"It has more than {_MOST_BYTES} bytes.")
    address, _, domain = user.spec.email.partition("@")
    if plain in {user.spec.email, address, domain, org, user.metadata.name} or len(set(plain)) < 4:
        raise _unusable("It is too easy to guess: it is a name, an address, or a few characters repeated.")


def _bad_code() -> UnauthenticatedError:
    return UnauthenticatedError(
        "This code is not good: it is unknown, used, or expired.",
        hint="Ask an administrator of the org for a new one.",
        code="bad-reset-code",
    )


def _unusable(why: str) -> InputError:
    return InputError(
        f"This cannot be a password. {why}", hint="A few unrelated words make a good one.", code="weak-password"
    )
