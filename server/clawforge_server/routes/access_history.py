"""Since when somebody may do something, by the revisions of the control plane."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.analysis.access_history import AccessHistory
from clawforge.wire_asking import AccessHistoryRequest
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.request_body import parse_body
from clawforge_server.service.access_history import access_history_for


async def access_history(call: Call) -> Response:
    """The revisions that changed how a call is decided, newest first."""
    request = parse_body(AccessHistoryRequest, call.body)
    return json_answer(await call.run(lambda: access_history_for(call.plane, call.who, call.org, request)))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/orgs/{org}/access-history",
        "Since which revision a call of a subject is decided as it is, and what changed in it.",
        access_history,
        AccessHistory,
        "decisions:read",
        AccessHistoryRequest,
        refusals=(404, 422),
        anywhere=True,
        own="decisions:read-own",
    ),
)
