"""Why somebody may do what they may, by the server's present state."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.analysis.explanation import Explanation
from clawforge.wire_asking import ExplainRequest
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.request_body import parse_body
from clawforge_server.service.subjects import explanation_for


async def explanation(call: Call) -> Response:
    """The derivation of a subject's effective policy, and the decision on a call if one is given."""
    request = parse_body(ExplainRequest, call.body)
    return json_answer(await call.run(lambda: explanation_for(call.plane, call.who, call.org, request)))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/orgs/{org}/explanation",
        "How the effective policy of a subject came about, and the decision on a call of it.",
        explanation,
        Explanation,
        "decisions:read",
        ExplainRequest,
        refusals=(404, 422),
        anywhere=True,
        own="decisions:read-own",
    ),
)
