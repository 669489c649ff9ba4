"""The same for many instances."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_bulk import BulkAnswer, BulkMessage, BulkRefresh, BulkRevocation, BulkTags
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.request_body import parse_body
from clawforge_server.service.bulk import REFRESH, REVOKE, refresh_instances, revoke_instances
from clawforge_server.service.fleet_messages import MESSAGE, message_instances
from clawforge_server.service.fleet_tags import TAG, tag_instances


async def revoke(call: Call) -> Response:
    """Take the credentials of instances away."""
    request = parse_body(BulkRevocation, call.body)
    return json_answer(
        await call.run(lambda: revoke_instances(call.plane, call.who, call.org, request, origin=call.origin))
    )


async def refresh(call: Call) -> Response:
    """Have instances ask now."""
    request = parse_body(BulkRefresh, call.body)
    return json_answer(
        await call.run(lambda: refresh_instances(call.plane, call.who, call.org, request, origin=call.origin))
    )


async def message(call: Call) -> Response:
    """Have agents tell their people something."""
    request = parse_body(BulkMessage, call.body)
    return json_answer(
        await call.run(lambda: message_instances(call.plane, call.who, call.org, request, origin=call.origin))
    )


async def tag(call: Call) -> Response:
    """Give instances other tags."""
    request = parse_body(BulkTags, call.body)
    return json_answer(
        await call.run(lambda: tag_instances(call.plane, call.who, call.org, request, origin=call.origin))
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/orgs/{org}/fleet/revocations",
        "Revoke the credentials of instances, each by itself, at once and for good.",
        revoke,
        BulkAnswer,
        REVOKE,
        BulkRevocation,
        refusals=(422,),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/fleet/refreshes",
        "Have instances that wait for news ask for their policy, and report, now.",
        refresh,
        BulkAnswer,
        REFRESH,
        BulkRefresh,
        refusals=(404, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/fleet/messages",
        "Have the agents of instances tell their people something, once. Old plugins cannot.",
        message,
        BulkAnswer,
        MESSAGE,
        BulkMessage,
        refusals=(404, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/fleet/tags",
        "Give instances other tags, and with them other policies. Nobody tags their own.",
        tag,
        BulkAnswer,
        TAG,
        BulkTags,
        refusals=(404, 422, 503),
        anywhere=True,
    ),
)
