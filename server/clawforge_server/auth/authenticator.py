"""From a bearer token to a principal."""

from __future__ import annotations

from clawforge.errors import UnauthenticatedError
from clawforge_server.auth.principal import OWNER, Principal
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.clock import Clock
from clawforge_server.store.port import Store

_SCHEME = "bearer "
_LONGEST = 512


def bearer_token(header: str | None) -> str:
    """The token of an Authorization header. Raises UnauthenticatedError."""
    if header is None:
        raise UnauthenticatedError("This needs a token.", hint="Set CLAWFORGE_TOKEN to a token of this server.")
    token = header[len(_SCHEME) :].strip()
    if not header.lower().startswith(_SCHEME) or not token or len(token) > _LONGEST:
        raise UnauthenticatedError("The Authorization header is malformed.", hint="Send `Authorization: Bearer TOKEN`.")
    return token


def authenticate(store: Store, clock: Clock, token: str) -> Principal:
    """Who holds this token. Raises UnauthenticatedError, the same for unknown, expired and revoked ones."""
    with store.transaction() as transaction:
        found = transaction.tokens.find(credential_hash(token))
    if found is None or not found.valid_at(clock.now()):
        raise UnauthenticatedError(
            "This token is not valid: it is unknown, expired or revoked.",
            hint="Check CLAWFORGE_SERVER and CLAWFORGE_TOKEN; a token is valid on one server only.",
        )
    if found.org is None:
        return OWNER
    return Principal("token", found.org, f"token:{found.name}", found.permissions, found.expires_at)
