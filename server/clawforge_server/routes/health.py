"""Whether the server is up, and whether it can do its work."""

from __future__ import annotations

from starlette.responses import Response

from clawforge import __version__
from clawforge.wire import Health, Ready
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.service.readiness import check_ready


async def health(call: Call) -> Response:
    """The process answers."""
    return json_answer(Health(version=__version__))


async def ready(call: Call) -> Response:
    """Database and keys work."""
    await call.run(lambda: check_ready(call.plane))
    return json_answer(Ready())


ENDPOINTS = (
    Endpoint("GET", "/health", "The server answers.", health, Health, free=True),
    Endpoint(
        "GET",
        "/health/ready",
        "The database answers and has the right shape, and signing works.",
        ready,
        Ready,
        refusals=(503,),
    ),
)
