"""Breaking glass: elevations that people ask for, and temporary grants that they are given."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from clawforge.wire_elevations import (
    AgentElevationRequest,
    ElevationJudgement,
    ElevationList,
    ElevationRequest,
    ElevationView,
)
from clawforge.wire_overlays import OverlayEnding
from clawforge_server.auth.admission import admit_instance
from clawforge_server.auth.principal import instance_principal
from clawforge_server.endpoint import EVERYBODY, Call, Endpoint, Parameter, json_answer
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.elevation_review import Verdict, judge_elevation
from clawforge_server.service.elevations import (
    list_elevations,
    request_elevation,
    request_from_agent,
    revoke_elevation,
)

_MOST_ENDED = 500


async def listing(call: Call) -> Response:
    """What waits, what is in force, and what ended."""
    ended = call.number("ended", 0, low=0, high=_MOST_ENDED) or 0
    return json_answer(await call.run(lambda: list_elevations(call.plane, call.who, call.org, ended=ended)))


async def ask(call: Call) -> Response:
    """Ask for an elevation, or give a grant."""
    request = parse_body(ElevationRequest, call.body)
    answer = await call.run(lambda: request_elevation(call.plane, call.who, call.org, request, origin=call.origin))
    return json_answer(answer, 201)


async def ask_as_agent(call: Call) -> Response:
    """Ask for an elevation through the credential of one's agent."""
    instance = await admit_instance(call)
    request = parse_body(AgentElevationRequest, call.body)
    whole = ElevationRequest(**request.model_dump())
    origin = call.origin_of(instance_principal(instance.org, instance.name))
    return json_answer(await call.run(lambda: request_from_agent(call.plane, instance, whole, origin=origin)), 201)


async def approve(call: Call) -> Response:
    """Agree."""
    return await _judge(call, "approved")


async def deny(call: Call) -> Response:
    """Refuse."""
    return await _judge(call, "denied")


async def _judge(call: Call, verdict: Verdict) -> Response:
    reason, elevation = parse_body(ElevationJudgement, call.body).reason, call.path("id")
    return json_answer(
        await call.run(
            lambda: judge_elevation(call.plane, call.who, call.org, elevation, reason, verdict, origin=call.origin)
        )
    )


async def revoke(call: Call) -> Response:
    """End it before its time."""
    reason = parse_body(OverlayEnding, orjson.dumps({"reason": call.query("reason")})).reason
    elevation = call.path("id")
    return json_answer(
        await call.run(lambda: revoke_elevation(call.plane, call.who, call.org, elevation, reason, origin=call.origin))
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/elevations",
        "Elevations and temporary grants that wait or are in force: one's own, and those that one may see.",
        listing,
        ElevationList,
        "elevations:read",
        parameters=(Parameter("ended", f"How many that ended to add, newest first, 0 to {_MOST_ENDED}."),),
        refusals=(400, 404),
        anywhere=True,
        own=EVERYBODY,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/elevations",
        "Ask for an elevation for oneself, or give somebody else a temporary grant, within the elevation policies.",
        ask,
        ElevationView,
        "elevations:approve",
        ElevationRequest,
        status=201,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
        anywhere=True,
        own=EVERYBODY,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/elevations/{id}/approvals",
        "Approve somebody else's elevation; with the last approval that is needed it is in force.",
        approve,
        ElevationView,
        "elevations:approve",
        ElevationJudgement,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/elevations/{id}/rejections",
        "Deny somebody else's elevation.",
        deny,
        ElevationView,
        "elevations:approve",
        ElevationJudgement,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
        anywhere=True,
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/elevations/{id}",
        "End an elevation or a temporary grant before its time: one's own, or somebody else's.",
        revoke,
        ElevationView,
        "elevations:approve",
        parameters=(Parameter("reason", "Why; it is kept in the log.", required=True),),
        refusals=(404, 422),
        anywhere=True,
        own=EVERYBODY,
    ),
    Endpoint(
        "POST",
        "/v1/agent/overlays",
        "Ask for an elevation for the person and the machine of the credential.",
        ask_as_agent,
        ElevationView,
        None,
        AgentElevationRequest,
        status=201,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
    ),
)
