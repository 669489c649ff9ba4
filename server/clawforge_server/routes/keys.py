"""Public keys."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire import KeysAnswer
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.service.reading import read_keys


async def read(call: Call) -> Response:
    """The root key and the key set."""
    return json_answer(await call.run(lambda: read_keys(call.plane, call.org)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/keys",
        "The public root key, and the key set that it signed.",
        read,
        KeysAnswer,
        "keys:read",
        refusals=(404,),
    ),
)
