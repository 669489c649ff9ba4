"""From a credential to a principal, by the present state of its org."""

from __future__ import annotations

import datetime as dt
import re

from clawforge.access.model import SERVICE_ACCOUNT
from clawforge.access.rights import ALL_RIGHTS
from clawforge.errors import UnauthenticatedError
from clawforge_server.auth.credential import Credential, Network, is_within, parse_networks
from clawforge_server.auth.principal import OWNER_HOLDER, Principal, held_principal, owner_principal
from clawforge_server.state.org_state import OrgState

_SCHEME = "bearer "
_LONGEST = 512
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class DeadCredentialError(UnauthenticatedError):
    """A credential that is known, and not good now. People are told the same as about an unknown one; `why` is for
    the audit log of its org."""

    def __init__(self, org: str | None, actor: str, credential: str, why: str) -> None:
        known = unknown_credential()
        super().__init__(known.message, hint=known.hint)
        self.org = org
        self.actor = actor
        self.credential = credential
        self.why = why


def unknown_credential() -> UnauthenticatedError:
    """The one answer to every credential that is not good, so that it tells nothing about why."""
    return UnauthenticatedError(
        "This token is not valid: it is unknown, expired or revoked, or not good from here.",
        hint="Check the server and the token: a token is valid on one server only. `clawforge login` signs in anew.",
    )


def bearer_token(header: str | None) -> str:
    """The token of an Authorization header. Raises UnauthenticatedError."""
    if header is None:
        raise UnauthenticatedError("This needs a token.", hint="Set CLAWFORGE_TOKEN to a token of this server.")
    token = header[len(_SCHEME) :].strip()
    if not header.lower().startswith(_SCHEME) or len(token) > _LONGEST or not _TOKEN.fullmatch(token):
        raise UnauthenticatedError("The Authorization header is malformed.", hint="Send `Authorization: Bearer TOKEN`.")
    return token


def dead(credential: Credential, why: str) -> DeadCredentialError:
    """Why a known credential is not good."""
    actor = credential.holder if credential.holder != OWNER_HOLDER else f"token:{credential.id}"
    return DeadCredentialError(credential.org, actor, credential.id, why)


def require_good(credential: Credential, state: OrgState | None, now: dt.datetime, address: str) -> None:
    """Raise DeadCredentialError when a credential has expired, its holder was suspended or removed, or the address is
    none that it may be used from; `state` is that of its org."""
    if credential.until is not None and now >= credential.until:
        raise dead(credential, "expired")
    if not is_within(address, credential.networks):
        raise dead(credential, "outside-networks")
    if credential.org is None or credential.holder == OWNER_HOLDER:
        return
    if state is None or not state.access.is_active(credential.holder, now):
        raise dead(credential, "holder-not-active")
    if not is_within(address, _networks(credential.holder, state)):
        raise dead(credential, "outside-networks")


def principal_of(credential: Credential, state: OrgState | None, now: dt.datetime, address: str) -> Principal:
    """Who shows a credential, with the rights that its holder has now; `state` is that of its org.

    Raises DeadCredentialError as `require_good` does.
    """
    require_good(credential, state, now, address)
    if credential.org is None:
        return owner_principal(credential.id)
    near: tuple[Network, ...] = ()
    if credential.holder == OWNER_HOLDER:
        rights = ALL_RIGHTS.limited_to(credential.scopes)
    elif state is None:
        raise dead(credential, "holder-not-active")
    else:
        near = _networks(credential.holder, state)
        rights = state.access.rights_through(credential.holder, credential.claims, credential.scopes)
    return held_principal(
        credential.org,
        credential.holder,
        credential.id,
        credential.scopes,
        rights,
        claims=credential.claims,
        expires_at=credential.bound,
        maker=credential.maker,
        networks=(credential.networks, near),
    )


def _networks(holder: str, state: OrgState) -> tuple[Network, ...]:
    """Where a service account may be used from; everywhere if there are none."""
    account = state.access.service_accounts.get(holder.removeprefix(SERVICE_ACCOUNT))
    if account is None or not holder.startswith(SERVICE_ACCOUNT):
        return ()
    return parse_networks(account.spec.networks)
