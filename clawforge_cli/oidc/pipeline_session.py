"""The session of a pipeline: opened with the identity token of its host, and ended with the work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from clawforge.errors import ClawforgeError, InputError
from clawforge.resource.meta import NAME_PATTERN
from clawforge.secret import Secret
from clawforge.wire_identity import SignInRequest
from clawforge_cli.oidc.pipeline_token import pipeline_token
from clawforge_cli.settings import Connection, pipeline_identity
from clawforge_cli.sign_in_client import SignInClient


def pipeline_request(account: str, audience: str) -> SignInRequest:
    """What a pipeline signs in with, as a service account. Raises InputError, and the errors of `pipeline_token`."""
    name = account.removeprefix("ServiceAccount/")
    if not re.fullmatch(NAME_PATTERN, name):
        raise InputError(f"{account!r} is not the name of a service account.")
    token = pipeline_token(pipeline_identity(), audience)
    return SignInRequest(grant="federated", service_account=name, token=token.reveal())


@contextmanager
def pipeline_session(server: str, org: str, account: str, audience: str | None) -> Iterator[Connection]:
    """A connection that is good within the block. It is kept nowhere. Raises as `pipeline_request`, and the refusals of
    the control plane."""
    answer = SignInClient(server).sign_in(org, pipeline_request(account, audience or server))
    token = Secret(answer.access_token)
    try:
        yield Connection(server, token)
    finally:
        with suppress(ClawforgeError):  # It ends by itself within the hour.
            SignInClient(server, token).sign_out()
