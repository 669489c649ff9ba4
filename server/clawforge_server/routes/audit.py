"""The audit log."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire import AuditPage
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.service.reading import read_audit


async def page(call: Call) -> Response:
    """Records, oldest first."""
    after = call.number("after", 0, low=0, high=10**15) or 0
    limit = call.number("limit", 100, low=1, high=1_000) or 100
    return json_answer(await call.run(lambda: read_audit(call.plane, call.org, after, limit)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/audit",
        "Who did what, and who was refused what; oldest first.",
        page,
        AuditPage,
        "audit:read",
        parameters=(
            Parameter("after", "Only records above this number."),
            Parameter("limit", "How many at most, 1 to 1000; 100 if left out."),
        ),
        refusals=(404,),
    ),
)
