"""Users, and who one is."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_identity import SuspensionRequest, UserList, UserView, WhoAmI
from clawforge_server.endpoint import EVERYBODY, Call, Endpoint, json_answer
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.identity import who_am_i
from clawforge_server.service.users import activate_user, list_users, suspend_user


async def who(call: Call) -> Response:
    """The caller."""
    return json_answer(await call.run(lambda: who_am_i(call.plane, call.who, call.org)))


async def listing(call: Call) -> Response:
    """Declared users."""
    return json_answer(await call.run(lambda: list_users(call.plane, call.who, call.org)))


async def suspend(call: Call) -> Response:
    """Stop a user at once."""
    request = parse_body(SuspensionRequest, call.body)
    name = call.path("name")
    answer = await call.run(lambda: suspend_user(call.plane, call.who, call.org, name, request, origin=call.origin))
    return json_answer(answer, 201)


async def activate(call: Call) -> Response:
    """Lift a suspension."""
    name = call.path("name")
    return json_answer(await call.run(lambda: activate_user(call.plane, call.who, call.org, name, origin=call.origin)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/whoami",
        "Who the caller is, and what the credential is good for.",
        who,
        WhoAmI,
        "decisions:read-own",
        refusals=(404,),
        own=EVERYBODY,
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/users",
        "Declared users, and who of them is suspended.",
        listing,
        UserList,
        "users:read",
        refusals=(404,),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/users/{name}/suspension",
        "Stop a user at once, whatever the files say; every session and key of theirs ends.",
        suspend,
        UserView,
        "users:suspend",
        SuspensionRequest,
        status=201,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
        anywhere=True,
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/users/{name}/suspension",
        "Lift a suspension: what the files say counts again.",
        activate,
        UserView,
        "users:activate",
        refusals=(404, 409),
        anywhere=True,
    ),
)
