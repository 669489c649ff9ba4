"""People sign in with an identity token of their org's provider."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from clawforge.access.model import USER, AccessModel
from clawforge.errors import ForbiddenError, UnauthenticatedError
from clawforge.resource.organization import SingleSignOn
from clawforge.resource.user import User
from clawforge.wire_identity import SessionAnswer
from clawforge_server.auth.oidc.identity_token import BadIdentityTokenError, Expected, IdentityToken, verify
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.sessions import LONGEST_REFRESHED, open_session
from clawforge_server.service.sign_in_methods import organization_of
from clawforge_server.store.port import Transaction
from clawforge_server.store.sign_in import IdentityRecord

_MAX_AGE = dt.timedelta(minutes=10)
_EMAIL = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,253}")
_MOST_GROUPS, _LONGEST_GROUP = 200, 256


def sign_in_with_provider(plane: ControlPlane, org: str, text: str, origin: Origin) -> SessionAnswer:
    """A session of the declared user whom the token names by a verified email address.

    The first sign-in binds the address to the subject; the provider may give the address to somebody else later, who
    is then refused. Raises UnauthenticatedError, ForbiddenError for people who are not declared or suspended,
    UnavailableError when the provider cannot be asked, or the org changed meanwhile: the token stays good then.
    """
    # Once, before the provider is asked: that may take a while, in which the org may stop trusting it.
    state = plane.states.find(org)
    settings = organization_of(state).sso
    if state is None or settings is None:
        raise UnauthenticatedError(
            "This org has no single sign-on, or does not exist.",
            hint="Check --org; the provider stands under `sso` in the Organization.",
            code="no-single-sign-on",
        )
    now = plane.clock.now()
    token = verify(text, _expected(settings), plane.desk.issuers, now)
    email = verified_email(token.claims)
    user = _declared(state.access, email, now)
    groups = group_values(token.claims.get(settings.groups_claim), state.access.claims)

    def use_up(transaction: Transaction) -> None:
        if not transaction.identities.use(org, token.used_mark, now, token.dead_at):
            raise BadIdentityTokenError(
                "This identity token was used before.", hint="Sign in again.", code="identity-token-used"
            )
        _bind(transaction, org, token, email, now)

    return open_session(
        plane,
        org,
        f"{USER}{user.metadata.name}",
        method="oidc",
        claims=groups,
        lifetime=LONGEST_REFRESHED,
        refreshable=True,
        origin=origin,
        use_up=use_up,
        seen=state,
    )


def verified_email(claims: Mapping[str, Any]) -> str:
    """The address that the provider vouches for, in lower case. Raises BadIdentityTokenError.

    Only ASCII: letters of other scripts look like these, and lower case means several things there.
    """
    email = claims.get("email")
    if not isinstance(email, str):
        raise BadIdentityTokenError(
            "The identity token names no email address.",
            hint="The provider must put the claims email and email_verified into identity tokens.",
        )
    if claims.get("email_verified") is not True:
        raise BadIdentityTokenError(
            "The provider does not say that it verified the email address.",
            hint="The claim email_verified must be true: else anybody could name the address of somebody else.",
            code="email-not-verified",
        )
    if not _EMAIL.fullmatch(email):
        raise BadIdentityTokenError("The email address in the identity token is not one of plain ASCII characters.")
    return email.lower()


def group_values(value: Any, named: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a groups claim, sorted; those that no group of the org names go first when there are too many."""
    listed = value if isinstance(value, list) else [value]
    found = {item for item in listed if isinstance(item, str) and 0 < len(item) <= _LONGEST_GROUP}
    wanted = frozenset(named)
    kept = sorted(found, key=lambda item: (item not in wanted, item))[:_MOST_GROUPS]
    return tuple(sorted(kept))


def _expected(settings: SingleSignOn) -> Expected:
    return Expected(
        issuer=settings.issuer,
        audience=settings.audience or settings.client_id,
        max_age=_MAX_AGE,
        party=settings.client_id,
    )


def _declared(access: AccessModel, email: str, now: dt.datetime) -> User:
    name = access.user_name(email)
    found = None if name is None else access.users[name]
    if found is None:
        raise ForbiddenError(
            "The org declares no user with your email address.",
            hint="Ask an administrator to add a User with exactly this address.",
            code="unknown-user",
        )
    if not access.is_active(f"{USER}{found.metadata.name}", now):
        raise ForbiddenError("This user is suspended.", hint="Ask an administrator of the org.", code="suspended")
    return found


def _bind(transaction: Transaction, org: str, token: IdentityToken, email: str, now: dt.datetime) -> None:
    identities = transaction.identities
    by_email = identities.of_email(org, token.issuer, email)
    by_subject = identities.of_subject(org, token.issuer, token.subject)
    if by_email is None and by_subject is None:
        identities.bind(org, IdentityRecord(token.issuer, email, token.subject, now))
    elif by_email is None or by_subject is None or by_email != by_subject:
        raise ForbiddenError(
            "This email address was used by another account of the provider, or this account with another address.",
            hint="If that is in order, an administrator runs `clawforge user reset-identity` for this user.",
            code="identity-changed",
        )
