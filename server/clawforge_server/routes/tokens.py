"""API keys."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_identity import KeyAnswer, KeyList, KeyRequest, RotateRequest
from clawforge_server.endpoint import EVERYBODY, Call, Endpoint, json_answer
from clawforge_server.request_body import parse_body
from clawforge_server.service.tokens import create_key, list_keys, revoke_key, rotate_key


async def create(call: Call) -> Response:
    """Make a key."""
    request = parse_body(KeyRequest, call.body)
    answer = await call.run(lambda: create_key(call.plane, call.who, call.org, request, origin=call.origin))
    return json_answer(answer, 201)


async def rotate(call: Call) -> Response:
    """Replace a key."""
    request = parse_body(RotateRequest, call.body)
    token_id = call.path("id")
    answer = await call.run(lambda: rotate_key(call.plane, call.who, call.org, token_id, request, origin=call.origin))
    return json_answer(answer, 201)


async def listing(call: Call) -> Response:
    """Keys."""
    return json_answer(await call.run(lambda: list_keys(call.plane, call.who, call.org)))


async def revoke(call: Call) -> Response:
    """Take a key back."""
    await call.run(lambda: revoke_key(call.plane, call.who, call.org, call.path("id"), origin=call.origin))
    return Response(status_code=204)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/orgs/{org}/tokens",
        "Make an API key for oneself or a service account, with no more rights than one's own.",
        create,
        KeyAnswer,
        "tokens:create",
        KeyRequest,
        status=201,
        refusals=(404, 422),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/tokens/{id}/rotate",
        "A new key in place of an old one, which works on for the overlap.",
        rotate,
        KeyAnswer,
        "tokens:create",
        RotateRequest,
        status=201,
        refusals=(404, 422),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/tokens",
        "API keys, without their text: all of them, or one's own.",
        listing,
        KeyList,
        "tokens:read",
        refusals=(404,),
        own=EVERYBODY,
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/tokens/{id}",
        "Revoke an API key, and every key that was made with it.",
        revoke,
        None,
        "tokens:revoke",
        status=204,
        refusals=(404,),
        own=EVERYBODY,
    ),
)
