"""The identity token that a pipeline's host signs for it."""

from __future__ import annotations

import json
from urllib.parse import quote

from clawforge.errors import InputError, UnavailableError
from clawforge.secret import Secret
from clawforge_cli.oidc.provider import SignInFailedError
from clawforge_cli.settings import IDENTITY_TOKEN_VARIABLE, PipelineIdentity, trusted_authorities

_LARGEST = 64 * 1024
_SECONDS = 20.0


def pipeline_token(identity: PipelineIdentity | None, audience: str) -> Secret:
    """The token, made for an audience where the host makes it on request (GitHub); GitLab's stands in a variable, and
    its audience in the pipeline's file. Raises InputError outside of a pipeline, UnavailableError, SignInFailedError.
    """
    if identity is None:
        raise InputError(
            "This pipeline offers no identity token.",
            hint="On GitHub give the job `permissions: {id-token: write}`; on GitLab declare "
            f"`id_tokens: {{{IDENTITY_TOKEN_VARIABLE}: {{aud: ...}}}}`.",
        )
    if identity.token is not None:
        return identity.token
    url, token = identity.request_url or "", identity.request_token or Secret("")
    if not url.startswith("https://"):
        raise InputError("ACTIONS_ID_TOKEN_REQUEST_URL is not an https address.")
    return _asked(f"{url}{'&' if '?' in url else '?'}audience={quote(audience, safe='')}", token)


def _asked(url: str, token: Secret) -> Secret:
    import httpx

    headers = {"Authorization": f"Bearer {token.reveal()}", "Accept": "application/json"}
    try:
        with httpx.Client(verify=trusted_authorities(), timeout=_SECONDS, trust_env=False) as client:
            response = client.get(url, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnavailableError(
            f"The pipeline's host cannot be asked for an identity token: {type(error).__name__}."
        ) from error
    try:
        value = json.loads(response.content[:_LARGEST]).get("value") if response.status_code == 200 else None
    except (ValueError, AttributeError):
        value = None
    if not isinstance(value, str) or not value:
        raise SignInFailedError(f"The pipeline's host gave no identity token (status {response.status_code}).")
    return Secret(value)
