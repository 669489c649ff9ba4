"""Enrolled instances."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire import InstanceList
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.service.instances import list_instances, revoke_instance


async def listing(call: Call) -> Response:
    """All instances."""
    return json_answer(await call.run(lambda: list_instances(call.plane, call.org)))


async def revoke(call: Call) -> Response:
    """Take an instance's credential away."""
    await call.run(lambda: revoke_instance(call.plane, call.who.actor, call.org, call.path("name")))
    return Response(status_code=204)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/instances",
        "Every instance, and what it reported last.",
        listing,
        InstanceList,
        "instances:read",
        refusals=(404,),
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/instances/{name}",
        "Revoke an instance's credential.",
        revoke,
        None,
        "instances:revoke",
        status=204,
        refusals=(404,),
    ),
)
