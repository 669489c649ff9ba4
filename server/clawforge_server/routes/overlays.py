"""What is done by hand, beside the files: kill switches, and quarantines."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from clawforge.wire_overlays import OverlayAnswer, OverlayEnding, OverlayList, OverlayRequest, OverlayView
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.kill_switch import switch_off, switch_on
from clawforge_server.service.overlays import list_overlays

_MOST_ENDED = 500


async def listing(call: Call) -> Response:
    """What is on, and what ended."""
    ended = call.number("ended", 0, low=0, high=_MOST_ENDED) or 0
    return json_answer(await call.run(lambda: list_overlays(call.plane, call.who, call.org, ended=ended)))


async def turn_on(call: Call) -> Response:
    """Turn a kill switch on."""
    request = parse_body(OverlayRequest, call.body)
    answer = await call.run(lambda: switch_on(call.plane, call.who, call.org, request, origin=call.origin))
    return json_answer(answer, 201)


async def end(call: Call) -> Response:
    """Turn a kill switch off."""
    reason = parse_body(OverlayEnding, orjson.dumps({"reason": call.query("reason")})).reason
    overlay = call.path("id")
    return json_answer(
        await call.run(lambda: switch_off(call.plane, call.who, call.org, overlay, reason, origin=call.origin))
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/overlays",
        "The kill switches and quarantines that are on, oldest first.",
        listing,
        OverlayList,
        "kill:read",
        parameters=(
            Parameter("ended", f"How many that ended to add, newest first, 0 to {_MOST_ENDED}; 0 if left out."),
        ),
        refusals=(400, 404),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/overlays",
        "Turn a kill switch on, or put a machine into quarantine; what is on gets the newer reason and the later end.",
        turn_on,
        OverlayAnswer,
        "kill:write",
        OverlayRequest,
        status=201,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
        anywhere=True,
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/overlays/{id}",
        "Turn a kill switch off. Agents obey it until they hold a newer lease without it.",
        end,
        OverlayView,
        "kill:write",
        parameters=(Parameter("reason", "Why; it is kept in the log.", required=True),),
        refusals=(404, 422),
        anywhere=True,
    ),
)
