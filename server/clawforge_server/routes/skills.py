"""How every skill stands, and stopping one at once."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_skills import LiftRequest, RevocationRequest, RevocationView, SkillList
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.skill_revocations import lift_revocation, revoke_skill
from clawforge_server.service.skill_verdicts import list_skills


async def listing(call: Call) -> Response:
    """Verdicts, revocations and changed content."""
    return json_answer(await call.run(lambda: list_skills(call.plane, call.who, call.org)))


async def revoke(call: Call) -> Response:
    """Stop a skill at once."""
    request = parse_body(RevocationRequest, call.body)
    answer = await call.run(lambda: revoke_skill(call.plane, call.who, call.org, request, origin=call.origin))
    return json_answer(answer, 201)


async def lift(call: Call) -> Response:
    """Let the files decide again."""
    request, revocation = parse_body(LiftRequest, call.body), call.path("id")
    await call.run(
        lambda: lift_revocation(call.plane, call.who, call.org, revocation, request.reason, origin=call.origin)
    )
    return Response(status_code=204)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/skills",
        "Every verdict on a skill, what was stopped by hand, and what changed since it was approved.",
        listing,
        SkillList,
        "skills:read",
        refusals=(404,),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/skills/revocations",
        "Stop a skill for every agent, until the files say so or somebody lifts it.",
        revoke,
        RevocationView,
        "skills:revoke",
        RevocationRequest,
        status=201,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422, 503),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/skills/revocations/{id}/lift",
        "Let the files decide about a skill again that was stopped by hand.",
        lift,
        None,
        "skills:review",
        LiftRequest,
        status=204,
        body_limit=TINY_BODY,
        refusals=(404, 422, 503),
    ),
)
