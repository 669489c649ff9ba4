"""Whether an org is fine."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_status import OrgStatus
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.service.org_status import org_status


async def status(call: Call) -> Response:
    """Everything that one screen can hold."""
    return json_answer(await call.run(lambda: org_status(call.plane, call.who, call.org)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/status",
        "Whether the org is fine: revision, machines, versions, what waits for somebody, and the log.",
        status,
        OrgStatus,
        "instances:read",
        refusals=(404,),
        anywhere=True,
    ),
)
