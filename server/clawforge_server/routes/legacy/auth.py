"""How plugins and consoles of the public ClawForge sign in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response

from clawforge.errors import ClawforgeError, InputError, UnauthenticatedError
from clawforge.legacy.answer import SessionTokens
from clawforge.legacy.shape import Field, Shape, unknown_option
from clawforge_server.auth.rate_limit import RateLimitedError, network_of
from clawforge_server.auth.secrets import SESSION_PREFIX
from clawforge_server.endpoint import in_thread
from clawforge_server.problems import status_of
from clawforge_server.request_body import TINY_BODY, strict_json
from clawforge_server.routes.legacy.endpoint import LegacyCall, LegacyEndpoint, answer, plain_answer
from clawforge_server.routes.legacy.refusal import BadBodyError
from clawforge_server.service.audit_trail import record_refusal
from clawforge_server.service.legacy.plugin_enrolment import enroll_plugin
from clawforge_server.service.legacy.plugin_session import refresh_plugin
from clawforge_server.service.legacy.plugin_sign_in import (
    ProviderCode,
    change_password,
    methods,
    only_org,
    org_named,
    org_with_provider,
    sign_in_by_code,
    sign_in_by_password,
    sign_in_by_provider,
)

_STREAM_ENDS_SECONDS = 0.25
_ORG_HEADER = "x-clawforge-org"
_GRANTS = ("authorization_code", "refresh_token", "id_token")
_LOGIN: Shape = {
    "email": Field("email"),
    "password": Field(shortest=1),
    "orgId": Field("uuid", required=False),
}
_CODE: Shape = {"code": Field(shortest=1), "codeVerifier": Field(shortest=1), "redirectUri": Field(shortest=1)}
_REFRESH: Shape = {"refreshToken": Field(shortest=1)}
_ID_TOKEN: Shape = {"idToken": Field(shortest=1), "orgId": Field("uuid")}
_ENROLL: Shape = {"token": Field(shortest=1), "email": Field("email"), "name": Field(required=False)}
_PASSWORDS: Shape = {"currentPassword": Field(shortest=1), "newPassword": Field(shortest=6)}


async def mode(call: LegacyCall) -> Response:
    """How people sign in here."""
    wanted = call.request.headers.get(_ORG_HEADER)
    found = await call.run(lambda: methods(call.plane, wanted))
    return plain_answer({"methods": list(found)})


async def login(call: LegacyCall) -> Response:
    """Open a session with a password."""
    call.plane.failures.check(call.origin.address)
    body = call.read(_LOGIN)
    desk, plane = call.plane.desk, call.plane
    email = body["email"].lower()
    wanted = body.get("orgId") or call.request.headers.get(_ORG_HEADER)
    desk.by_address.count(network_of(call.origin.address))
    # However the org is written: one account has one count.
    org = await call.run(lambda: only_org(plane) if wanted is None else org_named(plane, wanted))
    account = f"{org or ''}/{email}"
    desk.by_account.count(account)
    try:
        tokens = await desk.hashing.run(
            wanted or "", lambda: sign_in_by_password(plane, email, body["password"], wanted, call.origin)
        )
    except UnauthenticatedError:
        plane.failures.failed(call.origin.address)
        raise
    desk.by_account.clear(account)
    return answer(tokens)


async def exchange(call: LegacyCall) -> Response:
    """Tokens for a refresh token, an identity token, or a code of the org's provider."""
    call.plane.failures.check(call.origin.address)
    value = strict_json(call.body)
    grant = value.get("grantType") if isinstance(value, dict) else None
    if grant not in _GRANTS:
        raise BadBodyError([unknown_option(("grantType",), _GRANTS)])
    try:
        if grant == "refresh_token":
            return answer(await _refreshed(call))
        if grant == "id_token":
            return answer(await _with_identity_token(call))
        return answer(await _with_code(call))
    except UnauthenticatedError:
        call.plane.failures.failed(call.origin.address)
        raise


async def enroll(call: LegacyCall) -> Response:
    """Use an enrolment token."""
    call.plane.failures.check(call.origin.address)
    body = call.read(_ENROLL)
    name = body.get("name") or ""
    try:
        tokens = await call.run(
            lambda: enroll_plugin(call.plane, body["token"], body["email"].lower(), name, call.origin)
        )
    except UnauthenticatedError as error:
        call.plane.failures.failed(call.origin.address)
        raise UnauthenticatedError("Invalid enrollment token", code=error.code) from error
    return answer(tokens, 201)


async def new_password(call: LegacyCall) -> Response:
    """Change one's own password."""
    body = call.read(_PASSWORDS)
    desk = call.plane.desk
    account = f"{call.org}/{call.who.holder}"
    desk.by_account.count(account)
    present, password = body["currentPassword"], body["newPassword"]
    await desk.hashing.run(call.org, lambda: change_password(call.plane, call.who, present, password, call.origin))
    desk.by_account.clear(account)
    return plain_answer({"success": True})


async def _refreshed(call: LegacyCall) -> SessionTokens:
    token = call.read(_REFRESH)["refreshToken"]
    if token.startswith(SESSION_PREFIX):
        raise InputError("Invalid refresh token", code="no-refresh-token")
    try:
        session, tokens = await call.run(lambda: refresh_plugin(call.plane, token, call.origin))
    except UnauthenticatedError as error:
        raise UnauthenticatedError("Invalid or expired refresh token", code=error.code) from error
    if call.plane.plugin_streams.end(session):
        # A plugin that gets new tokens breaks its stream off and opens none again. One that had ended by itself just
        # before it does open again, with the new token.
        await asyncio.sleep(_STREAM_ENDS_SECONDS)
    return tokens


async def _with_identity_token(call: LegacyCall) -> SessionTokens:
    body = call.read(_ID_TOKEN)
    org = await call.run(lambda: org_with_provider(call.plane, body["orgId"]))
    token = body["idToken"]
    return await _verified(call, org, lambda: sign_in_by_provider(call.plane, org, token, call.origin))


async def _with_code(call: LegacyCall) -> SessionTokens:
    """The plugin sends no org with a code, so it must be the only one that has a provider."""
    body = call.read(_CODE)
    wanted = call.request.headers.get(_ORG_HEADER)
    org = await call.run(lambda: org_with_provider(call.plane, wanted))
    code = ProviderCode(body["code"], body["codeVerifier"], body["redirectUri"])
    return await _verified(call, org, lambda: sign_in_by_code(call.plane, org, code, call.origin))


async def _verified(call: LegacyCall, org: str, work: Callable[[], SessionTokens]) -> SessionTokens:
    try:
        return await call.plane.desk.verifying.run(org, work)
    except ClawforgeError as error:
        await _keep_refusal(call, org, error)
        raise


async def _keep_refusal(call: LegacyCall, org: str, error: ClawforgeError) -> None:
    """In the org's log, as for our own clients. Of what was sent nothing is kept: it is anybody's word."""
    if status_of(error) >= 500 or isinstance(error, RateLimitedError):
        return
    now, code = call.plane.clock.now(), error.code
    await in_thread(
        call.plane,
        lambda: record_refusal(
            call.plane.store, org, now, "nobody", "sessions:create", code, origin=call.origin, detail={"method": "oidc"}
        ),
    )


_AUTH = "/api/v1/auth/"

ENDPOINTS = (
    LegacyEndpoint("GET", _AUTH + "mode", mode, "public"),
    LegacyEndpoint("POST", _AUTH + "login", login, "public", takes_body=True, body_limit=TINY_BODY),
    LegacyEndpoint("POST", _AUTH + "exchange", exchange, "public", takes_body=True, body_limit=TINY_BODY),
    LegacyEndpoint("POST", _AUTH + "enroll", enroll, "public", takes_body=True, body_limit=TINY_BODY),
    LegacyEndpoint("POST", _AUTH + "change-password", new_password, takes_body=True, body_limit=TINY_BODY),
)
