"""Old plugins and consoles sign in without naming an org: it is found by the address."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from clawforge.access.model import USER
from clawforge.errors import ForbiddenError, InputError, NotFoundError, UnauthenticatedError
from clawforge.legacy.answer import SessionTokens
from clawforge.legacy.identifier import org_id
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.audit_trail import done
from clawforge_server.service.credentials import end_session_tree, require_standing
from clawforge_server.service.legacy.plugin_session import tokens_of
from clawforge_server.service.passwords import check_password, sign_in_with_password
from clawforge_server.service.sign_in_methods import organization
from clawforge_server.service.single_sign_on import sign_in_with_provider
from clawforge_server.store.sign_in import PasswordRecord

_NOBODY = ""
_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")


@dataclass(frozen=True, slots=True)
class ProviderCode:
    """A code of a provider, the verifier of whoever asked for it, and the address that it was sent to."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect: str


def org_named(plane: ControlPlane, text: str) -> str | None:
    """The org with this id or name; None if there is none."""
    with plane.store.transaction() as transaction:
        names = transaction.orgs.names()
    return next((name for name in names if text in (name, org_id(name))), None)


def only_org(plane: ControlPlane) -> str | None:
    """The org of a server that has one only."""
    with plane.store.transaction() as transaction:
        names = transaction.orgs.names()
    return names[0] if len(names) == 1 else None


def org_with_provider(plane: ControlPlane, wanted: str | None) -> str:
    """The org whose provider signs in: the named one, or the only one of the server that has one.

    Raises NotFoundError.
    """
    if wanted is None:
        with plane.store.transaction() as transaction:
            names = transaction.orgs.names()
        found = [name for name in names if organization(plane, name).sso is not None]
        org = found[0] if len(found) == 1 else None
    else:
        org = org_named(plane, wanted)
    if org is None or organization(plane, org).sso is None:
        raise _no_provider()
    return org


def _no_provider() -> NotFoundError:
    return NotFoundError("Organization not found or SSO not configured.", code="no-single-sign-on")


def methods(plane: ControlPlane, wanted: str | None) -> tuple[str, ...]:
    """How people sign in to the named org or the only one; by password where it is not known which."""
    org = only_org(plane) if wanted is None else org_named(plane, wanted)
    if org is None:
        return ("password",)
    settings = organization(plane, org)
    found = (("password", settings.passwords.enabled), ("sso", settings.sso is not None))
    return tuple(name for name, there in found if there)


def sign_in_by_password(
    plane: ControlPlane, email: str, password: str, wanted: str | None, origin: Origin
) -> SessionTokens:
    """A session of the person with this address, in the named org or the only one that keeps a password for it.

    Raises UnauthenticatedError, always the same one after the same work.
    """
    if wanted is not None:
        org = org_named(plane, wanted)
    else:
        with plane.store.transaction() as transaction:
            found = [name for name in transaction.orgs.names() if transaction.passwords.get(name, email) is not None]
        org = found[0] if len(found) == 1 else None
    try:
        answer = sign_in_with_password(plane, org or _NOBODY, email, password, origin)
    except UnauthenticatedError as error:
        raise UnauthenticatedError("Invalid email or password", code=error.code) from error
    return tokens_of(plane, answer, origin)


def sign_in_by_provider(plane: ControlPlane, org: str, token: str, origin: Origin) -> SessionTokens:
    """A session of whoever the identity token of the org's provider names. Raises as `sign_in_with_provider`."""
    return tokens_of(plane, sign_in_with_provider(plane, org, token, origin), origin)


def sign_in_by_code(plane: ControlPlane, org: str, code: ProviderCode, origin: Origin) -> SessionTokens:
    """A session of whoever the provider says used its page. The plugin is a public client (PKCE, RFC 7636), so the code
    is good for whoever knows the verifier, and for nobody else.

    Raises as `sign_in_by_provider`, InputError for an address that is not on the person's own machine, UnavailableError
    when the provider gives nothing for the code.
    """
    settings = organization(plane, org).sso
    if settings is None:
        raise _no_provider()
    if not _LOOPBACK.fullmatch(code.redirect):
        raise InputError("redirectUri must be an address of the machine itself", code="bad-parameter")
    form = {
        "grant_type": "authorization_code",
        "code": code.code,
        "code_verifier": code.verifier,
        "redirect_uri": code.redirect,
        "client_id": settings.client_id,
    }
    return sign_in_by_provider(plane, org, plane.desk.issuers.exchange(settings.issuer, form), origin)


def change_password(plane: ControlPlane, who: Principal, present: str, password: str, origin: Origin) -> None:
    """Set one's own password; every other session of the person that was opened by signing in ends.

    Raises ForbiddenError for whoever did not sign in as a person, InputError for an account without a password and for
    a password that cannot be one, UnauthenticatedError for a wrong present one.
    """
    org = who.org
    if org is None or who.kind != "user" or not who.scopes:
        raise ForbiddenError("Only a person who signed in has a password to change.", code="no-password")
    state, now = plane.states.get(org), plane.clock.now()
    user = state.access.users.get(who.name)
    if user is None:
        raise ForbiddenError("Only a person who signed in has a password to change.", code="no-password")
    with plane.store.transaction() as transaction:
        stored = transaction.passwords.get(org, user.spec.email)
    if stored is None:
        raise InputError("Cannot change password for SSO-only accounts", code="no-password")
    if not plane.desk.passwords.matches(stored.hash, present):
        raise UnauthenticatedError("Current password is incorrect", code="bad-password")
    check_password(password, org, user)
    record = PasswordRecord(user.spec.email, plane.desk.passwords.make(password), now)
    with plane.store.transaction() as transaction:
        # Hashing takes its time, in which a session may end.
        require_standing(transaction, state, who, now)
        if transaction.passwords.get(org, user.spec.email) != stored:
            raise UnauthenticatedError("The password was changed just now.", code="bad-password")
        transaction.passwords.set(org, record)
        ended: list[str] = []
        for session in transaction.sessions.list(org, f"{USER}{who.name}"):
            if session.ended_at is None and session.id != who.credential and session.method == "password":
                ended += end_session_tree(transaction, org, session.id, now, "password-set")
        entry = done(now, who.actor, "passwords:set", origin=origin, target=user.address, ended=len(ended))
        transaction.audit.append(org, entry)
    plane.credentials.forget(ended)
    plane.wakeups.notify(org)
