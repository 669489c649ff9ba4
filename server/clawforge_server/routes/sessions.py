"""Sessions: prolonging, listing and ending them. Opening one is signing in."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.errors import InputError, UnauthenticatedError
from clawforge.wire_identity import RefreshRequest, SessionAnswer, SessionList
from clawforge_server.auth.admission import recognise, slow_down
from clawforge_server.auth.principal import Principal
from clawforge_server.endpoint import EVERYBODY, Call, Endpoint, json_answer
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.sessions import end_session, list_sessions, refresh_session


async def refresh(call: Call) -> Response:
    """New tokens for a refresh token."""
    call.plane.failures.check(call.address)
    request = parse_body(RefreshRequest, call.body)
    try:
        answer = await call.run(lambda: refresh_session(call.plane, request.refresh_token, origin=call.origin))
    except UnauthenticatedError:
        call.plane.failures.failed(call.address)
        raise
    return json_answer(answer)


async def leave(call: Call) -> Response:
    """End the session whose token is shown."""
    principal: Principal = await recognise(call.plane, call.request, call.address)
    slow_down(call.plane, principal)
    org = principal.org
    if org is None or not principal.credential.startswith("session-"):
        raise InputError("This is not the token of a session.", hint="Revoke a key by its id.", code="not-a-session")
    origin = call.origin_of(principal)
    await call.run(lambda: end_session(call.plane, principal, org, principal.credential, origin=origin))
    return Response(status_code=204)


async def listing(call: Call) -> Response:
    """Sessions."""
    return json_answer(await call.run(lambda: list_sessions(call.plane, call.who, call.org)))


async def end(call: Call) -> Response:
    """End a session."""
    await call.run(lambda: end_session(call.plane, call.who, call.org, call.path("id"), origin=call.origin))
    return Response(status_code=204)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/sessions/refresh",
        "New tokens for a refresh token, which is good for one use.",
        refresh,
        SessionAnswer,
        None,
        RefreshRequest,
        body_limit=TINY_BODY,
        refusals=(401, 422, 429),
    ),
    Endpoint(
        "DELETE",
        "/v1/sessions/current",
        "End the session whose access token is shown.",
        leave,
        None,
        status=204,
        refusals=(422,),
        bearer=True,
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/sessions",
        "Sessions, without their tokens: all of them, or one's own.",
        listing,
        SessionList,
        "sessions:read",
        refusals=(404,),
        own=EVERYBODY,
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/sessions/{id}",
        "End a session; one's own always.",
        end,
        None,
        "sessions:revoke",
        status=204,
        refusals=(404,),
        own=EVERYBODY,
    ),
)
