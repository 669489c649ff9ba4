"""The kill switch over an org, as the old console turns it."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.responses import Response

from clawforge.errors import InputError
from clawforge.legacy.shape import Field, Shape
from clawforge_server.routes.legacy.endpoint import LegacyCall, LegacyEndpoint, answer
from clawforge_server.service.legacy.console_kill import set_kill_switch
from clawforge_server.service.legacy.console_org import policy_document

_SWITCH: Shape = {"active": Field("boolean"), "message": Field(required=False, nullable=True)}


async def turn(call: LegacyCall) -> Response:
    """Turn it on or off."""
    body = call.read(_SWITCH)
    active, message = body["active"], body.get("message")
    try:
        await call.run(lambda: set_kill_switch(call.plane, call.who, call.org, active, message, call.origin))
    except ValidationError as error:
        raise InputError("The message holds characters that cannot be shown", code="bad-message") from error
    document = await call.run(lambda: policy_document(call.plane, call.org))
    return answer(document.model_copy(update={"kill_switch": active}), without=("tools",))


ENDPOINTS = (LegacyEndpoint("PUT", "/api/v1/policies/{org}/kill-switch", turn, "kill:write", takes_body=True),)
