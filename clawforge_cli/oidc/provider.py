"""An OpenID provider as a client sees it: its discovery document, and calls to its endpoints."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from clawforge.errors import ClawforgeError, UnauthenticatedError, UnavailableError
from clawforge.secret import Secret

if TYPE_CHECKING:
    import httpx

_LARGEST = 512 * 1024
_SECONDS = 20.0
SCOPE = "openid email profile"


class SignInFailedError(UnauthenticatedError):
    """The provider did not let the person in, or its answer is not to be believed."""

    code = "sign-in-failed"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the discovery document says (OpenID Connect Discovery 1.0, RFC 8414, RFC 8628, RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    device_endpoint: str | None
    names_itself: bool
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of an endpoint: a status and an object."""

    status: int
    document: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A member that must be a text. Raises SignInFailedError."""
        value = self.document.get(name)
        if not isinstance(value, str) or not value:
            raise SignInFailedError(f"The provider's answer lacks {name}.")
        return value


class Provider:
    """Calls over TLS only, without redirects, and never with more than what the call needs."""

    def __init__(self, issuer: str, client_id: str) -> None:
        self.issuer = issuer
        self.client_id = client_id

    def metadata(self) -> Metadata:
        """Raises UnavailableError when the document cannot be had, SignInFailedError when it is another issuer's."""
        answer = self._send("GET", _https(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"))
        if answer.status != 200 or answer.document.get("issuer") != self.issuer:
            raise SignInFailedError(f"{self.issuer} does not describe itself as an OpenID provider.")
        device = answer.document.get("device_authorization_endpoint")
        scopes = answer.document.get("scopes_supported")
        return Metadata(
            issuer=self.issuer,
            authorization_endpoint=_https(answer.text("authorization_endpoint")),
            token_endpoint=_https(answer.text("token_endpoint")),
            device_endpoint=_https(device) if isinstance(device, str) else None,
            names_itself=answer.document.get("authorization_response_iss_parameter_supported") is True,
            scopes=tuple(item for item in scopes if isinstance(item, str)) if isinstance(scopes, list) else (),
        )

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """Send a form as this client."""
        return self._send("POST", url, {**form, "client_id": self.client_id})

    def _send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Answer:
        import httpx

        from clawforge_cli.settings import trusted_authorities

        try:
            with (
                httpx.Client(verify=trusted_authorities(), timeout=_SECONDS, trust_env=False) as client,
                client.stream(method, url, data=form, headers={"Accept": "application/json"}) as response,
            ):
                return Answer(response.status_code, _object(_body(response)))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(
                f"The identity provider {self.issuer} cannot be reached: {type(error).__name__}.",
                hint="Is the address right? A private authority is named by SSL_CERT_FILE.",
                code="issuer-unavailable",
            ) from error


def scope(metadata: Metadata, *, groups: bool = True) -> str:
    """What is asked for: the address, the name, and the groups where the provider has such a scope."""
    return f"{SCOPE} groups" if groups and "groups" in metadata.scopes else SCOPE


def identity_token(answer: Answer, *, nonce: str | None) -> Secret:
    """The identity token of a token endpoint's answer.

    The control plane verifies it; only what it cannot know is checked here: that the token answers this very request.
    Raises SignInFailedError.
    """
    if answer.status != 200:
        raise refused(answer)
    token = answer.text("id_token")
    if nonce is not None and _claims(token).get("nonce") != nonce:
        raise SignInFailedError("The identity token answers another request than ours.", hint="Sign in again.")
    return Secret(token)


def refused(answer: Answer) -> SignInFailedError:
    """The error that an endpoint answered. Its code is one word of a known form; its prose is not repeated."""
    code = answer.document.get("error")
    known = isinstance(code, str) and len(code) <= 64 and code.replace("_", "").isalnum() and code.isascii()
    why = f": {code}" if known else ""
    return SignInFailedError(f"The identity provider refused the sign-in{why}.")


def _claims(token: str) -> Mapping[str, Any]:
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, RecursionError) as error:
        raise SignInFailedError("The provider's identity token is malformed.") from error
    return claims if isinstance(claims, dict) else {}


def _https(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or not url.isascii() or not url.isprintable():
        raise SignInFailedError("The identity provider names an address that is not https.")
    return url


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _LARGEST:
            raise SignInFailedError("The identity provider's answer is too large.")
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ClawforgeError(
            "The identity provider's answer cannot be read.",
            hint="Is this the address of its issuer, exactly?",
            code="issuer-unavailable",
        ) from error
    return document if isinstance(document, dict) else {}
