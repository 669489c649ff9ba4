"""Signing in: by a token of the org's provider, of a pipeline's host, or by a password."""

from __future__ import annotations

import functools

from starlette.responses import Response

from clawforge.errors import ClawforgeError
from clawforge.wire_identity import (
    PasswordAnswer,
    PasswordRequest,
    PasswordResetAnswer,
    PasswordResetRequest,
    SessionAnswer,
    SignInMethods,
    SignInRequest,
)
from clawforge_server.auth.rate_limit import RateLimitedError, network_of
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.problems import status_of
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.audit_trail import record_refusal
from clawforge_server.service.federated_sign_in import sign_in_pipeline
from clawforge_server.service.passwords import set_password, sign_in_with_password
from clawforge_server.service.sign_in_methods import sign_in_methods
from clawforge_server.service.single_sign_on import sign_in_with_provider
from clawforge_server.service.user_resets import offer_password, release_identity


async def methods(call: Call) -> Response:
    """How people sign in."""
    return json_answer(await call.run(lambda: sign_in_methods(call.plane, call.org)))


async def sign_in(call: Call) -> Response:
    """Open a session for whoever shows who they are."""
    call.plane.failures.check(call.address)
    request = parse_body(SignInRequest, call.body)
    try:
        return json_answer(await _signed_in(call, request), 201)
    except ClawforgeError as error:
        if status_of(error) < 500 and not isinstance(error, RateLimitedError):
            call.plane.failures.failed(call.address)
            code = error.code
            await call.run(lambda: _keep_refusal(call, request, code))
        raise


async def reset_password(call: Call) -> Response:
    """Make a code with which a user sets a password."""
    request = parse_body(PasswordResetRequest, call.body)
    answer = await call.run(lambda: offer_password(call.plane, call.who, call.org, request.user, call.origin))
    return json_answer(answer, 201)


async def new_password(call: Call) -> Response:
    """Set a password by a code."""
    call.plane.failures.check(call.address)
    request = parse_body(PasswordRequest, call.body)
    call.plane.desk.by_address.count(network_of(call.address))
    # A code names its org, but only the store knows which.
    work = functools.partial(set_password, call.plane, request.code, request.password, call.origin)
    answer = await call.plane.desk.hashing.run("", work)
    return json_answer(answer)


async def release(call: Call) -> Response:
    """Let another account of the provider sign in as a user."""
    await call.run(lambda: release_identity(call.plane, call.who, call.org, call.path("user"), call.origin))
    return Response(status_code=204)


async def _signed_in(call: Call, request: SignInRequest) -> SessionAnswer:
    plane, org, origin = call.plane, call.org, call.origin
    if request.grant == "password":
        email, password = (request.email or "").lower(), request.password or ""
        account = f"{org}/{email}"
        plane.desk.by_address.count(network_of(call.address))
        plane.desk.by_account.count(account)
        answer = await plane.desk.hashing.run(org, lambda: sign_in_with_password(plane, org, email, password, origin))
        plane.desk.by_account.clear(account)
        return answer
    token = request.token or ""
    if request.grant == "federated":
        name = request.service_account or ""
        return await plane.desk.verifying.run(org, lambda: sign_in_pipeline(plane, org, name, token, origin))
    return await plane.desk.verifying.run(org, lambda: sign_in_with_provider(plane, org, token, origin))


def _keep_refusal(call: Call, request: SignInRequest, code: str) -> None:
    """In the org's log, if there is such an org. Of what was sent only the kind is kept: the rest is anybody's word."""
    if call.plane.states.find(call.org) is None:
        return
    detail: dict[str, str] = {"method": request.grant}
    if request.service_account is not None:
        detail["serviceAccount"] = request.service_account
    record_refusal(
        call.plane.store,
        call.org,
        call.plane.clock.now(),
        "nobody",
        "sessions:create",
        code,
        origin=call.origin,
        detail=detail,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/sign-in",
        "How people sign in to the org. An org that does not exist looks like one where nobody does.",
        methods,
        SignInMethods,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/sessions",
        "Open a session with an identity token of the org's provider or of a pipeline's host, or with a password.",
        sign_in,
        SessionAnswer,
        request=SignInRequest,
        status=201,
        body_limit=TINY_BODY,
        refusals=(401, 403, 422, 429, 503),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/password-resets",
        "Make a code with which a user sets a password, once.",
        reset_password,
        PasswordResetAnswer,
        "users:reset",
        PasswordResetRequest,
        status=201,
        refusals=(404, 422),
    ),
    Endpoint(
        "POST",
        "/v1/passwords",
        "Set a password by a code; every session of the user ends.",
        new_password,
        PasswordAnswer,
        request=PasswordRequest,
        body_limit=TINY_BODY,
        refusals=(401, 422, 429),
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/users/{user}/identity",
        "Let another account of the provider sign in as a user.",
        release,
        None,
        "users:reset",
        status=204,
        refusals=(404,),
    ),
)
