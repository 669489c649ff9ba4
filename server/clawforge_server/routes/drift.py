"""What agents enforce, held against what they should."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_drift import FleetDrift
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.service.drift import fleet_drift


async def drift(call: Call) -> Response:
    """Counts, and the first agents that differ."""
    limit = call.number("limit", 20, low=0, high=500)
    return json_answer(await call.run(lambda: fleet_drift(call.plane, call.who, call.org, limit or 0)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/drift",
        "Which agents enforce what they should, and what was done by hand.",
        drift,
        FleetDrift,
        "instances:read",
        parameters=(Parameter("limit", "How many agents and exceptions to name, 0 to 500; 20 if left out."),),
        refusals=(400, 404),
        anywhere=True,
    ),
)
