"""API tokens."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire import TokenAnswer, TokenList, TokenRequest
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.request_body import parse_body
from clawforge_server.service.tokens import create_token, list_tokens, revoke_token


async def create(call: Call) -> Response:
    """Make a token."""
    request = parse_body(TokenRequest, call.body)
    return json_answer(await call.run(lambda: create_token(call.plane, call.who, call.org, request)), 201)


async def listing(call: Call) -> Response:
    """All tokens."""
    return json_answer(await call.run(lambda: list_tokens(call.plane, call.org)))


async def revoke(call: Call) -> Response:
    """Take a token back."""
    await call.run(lambda: revoke_token(call.plane, call.who, call.org, call.path("id")))
    return Response(status_code=204)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/orgs/{org}/tokens",
        "Make a token with no more rights than one's own.",
        create,
        TokenAnswer,
        "tokens:create",
        TokenRequest,
        status=201,
        refusals=(404, 422),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/tokens",
        "Every token, without its text.",
        listing,
        TokenList,
        "tokens:read",
        refusals=(404,),
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/tokens/{id}",
        "Revoke a token.",
        revoke,
        None,
        "tokens:revoke",
        status=204,
        refusals=(404,),
    ),
)
