"""Pipelines sign in with the identity token that their own host signed for them."""

from __future__ import annotations

import datetime as dt
import hashlib

from clawforge.access.model import SERVICE_ACCOUNT
from clawforge.errors import ForbiddenError, UnauthenticatedError
from clawforge.federation import federation_refusal
from clawforge.resource.service_account import ServiceAccount
from clawforge.wire_identity import SessionAnswer
from clawforge_server.auth.credential import is_within, parse_networks
from clawforge_server.auth.oidc.identity_token import BadIdentityTokenError, Expected, IdentityToken, verify
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.sessions import open_session
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction

_LONGEST = dt.timedelta(minutes=60)
_LONGEST_ID = 512


def sign_in_pipeline(plane: ControlPlane, org: str, account: str, text: str, origin: Origin) -> SessionAnswer:
    """A session of a federated service account, which ends with the token, or after an hour, and is not prolonged.

    Raises UnauthenticatedError for anything that the account does not trust, UnavailableError when the issuer cannot
    be asked, or the org changed meanwhile: the token stays good then.
    """
    now = plane.clock.now()
    # Once, before the issuer is asked: that may take a while, in which the org may stop trusting it.
    state = plane.states.find(org)
    found = None if state is None else _account(state, account, now)
    trust = None if found is None else found.spec.federated
    if found is None or trust is None:
        raise UnauthenticatedError(
            "There is no such active service account with federation.",
            hint="Check --org and the name; `federated` in the ServiceAccount says whom it trusts.",
            code="no-federation",
        )
    if not is_within(origin.address, parse_networks(found.spec.networks)):
        raise ForbiddenError("The service account may not be used from this address.", code="outside-networks")
    expected = Expected(issuer=trust.issuer, audience=trust.audience, max_age=_LONGEST, only_audience=True)
    token = verify(text, expected, plane.desk.issuers, now)
    refusal = federation_refusal(trust, token.claims)
    if refusal is not None:
        raise UnauthenticatedError(
            f"The service account does not trust this pipeline. {refusal}",
            hint="Compare `federated` in the ServiceAccount with the claims of the pipeline's identity token.",
            code="not-trusted",
        )
    mark = once_mark(token)
    ends = [now + _LONGEST, token.expires_at, *([found.spec.expires] if found.spec.expires is not None else [])]

    def use_up(transaction: Transaction) -> None:
        if not transaction.identities.use(org, mark, now, token.dead_at):
            raise BadIdentityTokenError(
                "This identity token was used before.", hint="Ask for a new one.", code="identity-token-used"
            )

    return open_session(
        plane,
        org,
        f"{SERVICE_ACCOUNT}{account}",
        method="federated",
        lifetime=max(min(ends) - now, dt.timedelta(seconds=1)),
        refreshable=False,
        origin=origin,
        use_up=use_up,
        seen=state,
    )


def once_mark(token: IdentityToken) -> str:
    """The same for every token with this `jti` of this issuer. Raises BadIdentityTokenError when there is none."""
    jti = token.claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_ID:
        raise BadIdentityTokenError("The identity token has no jti, so it cannot be told from a copy.")
    return hashlib.sha256(f"{token.issuer}\n{jti}".encode("utf-8", "surrogatepass")).hexdigest()


def _account(state: OrgState, name: str, now: dt.datetime) -> ServiceAccount | None:
    access = state.access
    return access.service_accounts.get(name) if access.is_active(f"{SERVICE_ACCOUNT}{name}", now) else None
