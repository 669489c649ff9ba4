"""How far a revision has come, ring by ring."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_rollouts import RolloutAnswer, RolloutOrder
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.rollouts import MANAGE, READ, order_rollout, rollout_answer


async def read(call: Call) -> Response:
    """The newest rollout."""
    return json_answer(await call.run(lambda: rollout_answer(call.plane, call.org)))


async def order(call: Call) -> Response:
    """Do what a person says."""
    wanted = parse_body(RolloutOrder, call.body)
    return json_answer(
        await call.run(lambda: order_rollout(call.plane, call.who, call.org, wanted, origin=call.origin))
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/rollout",
        "The newest rollout by rings: how far it has come, and what the machines that it reached report.",
        read,
        RolloutAnswer,
        READ,
        refusals=(404,),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/rollout",
        "Carry the open rollout on to the next ring or to everybody, halt it, or resume it.",
        order,
        RolloutAnswer,
        MANAGE,
        RolloutOrder,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
    ),
)
