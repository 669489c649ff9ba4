"""Joining an org: a one-use token becomes an identity and a pinned root key."""

from __future__ import annotations

import datetime as dt
import socket

from clawforge.errors import UntrustedError
from clawforge.keys import decode_public_key, fingerprint_matches, split_enrollment_token
from clawforge.trust import new_trust
from clawforge.wire_enrollment import EnrollRequest
from clawforge_cli.agent.store import AgentState
from clawforge_cli.agent.transport import AgentTransport


def enrol(
    transport: AgentTransport,
    token: str,
    *,
    insecure_http: bool,
    host: str,
    host_version: str | None,
    workspace: str | None,
    now: dt.datetime,
) -> AgentState:
    """The state of a freshly enrolled agent, which has an identity and no policy yet.

    The root key must be the one that the token's tail was made from, so a token that came from the right org cannot
    enrol into another one. Raises InputError for a malformed token, UntrustedError (`wrong-root` and the codes of
    `verify_key_set`) for a server that cannot prove itself, and the transport's errors.
    """
    pinned = split_enrollment_token(token)
    versions = {} if host_version is None else {"host": host_version}
    request = EnrollRequest(token=pinned.token, hostname=socket.gethostname(), host=host, versions=versions)
    answer = transport.enroll(request)
    if not fingerprint_matches(decode_public_key(answer.root_key), pinned.fingerprint):
        raise UntrustedError(
            f"The server at {transport.server} does not hold the org that this token was made for.",
            hint="Check --server. If it is right, somebody may be posing as it: tell the org's administrator.",
            code="wrong-root",
        )
    trust = new_trust(
        org=answer.org,
        instance=answer.instance,
        user=answer.user,
        root_key=answer.root_key,
        keys=answer.keys,
        now=now,
    )
    return AgentState(
        server=transport.server,
        insecure_http=insecure_http,
        credential=answer.credential,
        credential_since=now,
        host=host,
        host_version=host_version,
        workspace=workspace,
        trust=trust,
    )
