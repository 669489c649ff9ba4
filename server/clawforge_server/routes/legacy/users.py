"""People, as the old console lists them; who they are is kept in git."""

from __future__ import annotations

from starlette.responses import Response

from clawforge_server.routes.legacy.endpoint import READER, LegacyCall, LegacyEndpoint, answer
from clawforge_server.service.legacy.console_people import list_people, refuse_person


async def listing(call: LegacyCall) -> Response:
    """Declared people."""
    return answer(await call.run(lambda: list_people(call.plane, call.who, call.org)))


async def write(call: LegacyCall) -> Response:
    """Refused: people are declared in the files."""
    wanted = call.request.path_params.get("id")
    raise await call.run(lambda: refuse_person(call.plane, call.org, wanted))


_USERS = "/api/v1/users/{org}"

ENDPOINTS = (
    LegacyEndpoint("GET", _USERS, listing, "users:read", READER),
    LegacyEndpoint("POST", _USERS, write, "plans:apply"),
    LegacyEndpoint("PUT", _USERS + "/{id}", write, "plans:apply"),
    LegacyEndpoint("DELETE", _USERS + "/{id}", write, "plans:apply"),
)
