"""Signing in through a browser on this machine: authorization code with PKCE (RFC 7636, RFC 8252, RFC 9207)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from clawforge.secret import Secret
from clawforge_cli.oidc.loopback import Loopback
from clawforge_cli.oidc.provider import (
    Answer,
    Metadata,
    Provider,
    SignInFailedError,
    identity_token,
    refused,
    scope,
)

WAIT_SECONDS = 300.0


def sign_in_by_browser(provider: Provider, show: Callable[[str], None]) -> Secret:
    """The identity token of whoever signs in; `show` is given the address for the browser.

    Raises SignInFailedError and UnavailableError.
    """
    metadata = provider.metadata()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    with Loopback(state) as loopback:
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": loopback.redirect_uri,
            "scope": scope(metadata),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        show(f"{metadata.authorization_endpoint}{joint}{urlencode(query)}")
        code = _code(loopback.wait(WAIT_SECONDS), metadata)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": loopback.redirect_uri,
            "code_verifier": verifier,
        }
    return identity_token(provider.post(metadata.token_endpoint, form), nonce=nonce)


def challenge(verifier: str) -> str:
    """The S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def _code(answer: Mapping[str, str], metadata: Metadata) -> str:
    """The code of an answer that comes from this provider and no other."""
    issuer = answer.get("iss")
    if issuer != metadata.issuer and (issuer is not None or metadata.names_itself):
        raise SignInFailedError("The answer comes from another identity provider than the one that was asked.")
    if "error" in answer:
        raise refused(Answer(400, answer))
    code = answer.get("code")
    if not code:
        raise SignInFailedError("The identity provider's answer holds no code.")
    return code
