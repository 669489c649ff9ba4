"""Which bundles an instance said that it enforced."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_asking import AcknowledgementPage
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.service.acknowledgements import list_acknowledgements

_HIGHEST = 10**15


async def page(call: Call) -> Response:
    """Acknowledgements, newest first."""
    before = call.number("before", None, low=1, high=_HIGHEST)
    limit = call.number("limit", 50, low=1, high=500) or 50
    until, name = call.moment("until"), call.path("name")
    return json_answer(
        await call.run(
            lambda: list_acknowledgements(call.plane, call.who, call.org, name, before=before, until=until, limit=limit)
        )
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/instances/{name}/acknowledgements",
        "Which bundles an instance said that it enforced, and since when; newest first.",
        page,
        AcknowledgementPage,
        "instances:read",
        parameters=(
            Parameter("before", "Only acknowledgements below this number."),
            Parameter("until", "Only those no later than this moment, RFC 3339."),
            Parameter("limit", "How many at most, 1 to 500; 50 if left out."),
        ),
        refusals=(400, 404),
        anywhere=True,
    ),
)
