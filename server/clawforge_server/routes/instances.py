"""Enrolled instances, and those that wait to be let in."""

from __future__ import annotations

from typing import cast, get_args

import orjson
from starlette.responses import Response

from clawforge.wire_enrollment import (
    InstanceDetail,
    InstanceList,
    InstanceState,
    InstanceView,
    ReleaseRequest,
    ReviewRequest,
)
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.problems import HttpError
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.routes.versions import SELECT, selector_of
from clawforge_server.service.fleet_listing import list_instances, show_instance
from clawforge_server.service.instances import approve_instance, reject_instance, revoke_instance
from clawforge_server.service.releasing import release_instance

_STATES: tuple[str, ...] = get_args(InstanceState)


async def listing(call: Call) -> Response:
    """All instances, those in one state, or those that fit a selector."""
    text = call.query("state")
    if text is not None and text not in _STATES:
        raise HttpError(400, "bad-parameter", f"The parameter state must be one of {', '.join(_STATES)}.")
    wanted, selector = cast(InstanceState | None, text), selector_of(call)
    return json_answer(await call.run(lambda: list_instances(call.plane, call.who, call.org, wanted, selector)))


async def show(call: Call) -> Response:
    """One instance."""
    name = call.path("name")
    return json_answer(await call.run(lambda: show_instance(call.plane, call.who, call.org, name)))


async def revoke(call: Call) -> Response:
    """Take an instance's credential away."""
    query = call.query("reason")
    reason = None if query is None else parse_body(ReviewRequest, orjson.dumps({"reason": query})).reason
    name = call.path("name")
    await call.run(lambda: revoke_instance(call.plane, call.who, call.org, name, reason, origin=call.origin))
    return Response(status_code=204)


async def approve(call: Call) -> Response:
    """Let an instance in."""
    request, name = parse_body(ReviewRequest, call.body), call.path("name")
    answer = await call.run(
        lambda: approve_instance(call.plane, call.who, call.org, name, request.reason, origin=call.origin)
    )
    return json_answer(answer)


async def reject(call: Call) -> Response:
    """Turn an instance away."""
    request, name = parse_body(ReviewRequest, call.body), call.path("name")
    answer = await call.run(
        lambda: reject_instance(call.plane, call.who, call.org, name, request.reason, origin=call.origin)
    )
    return json_answer(answer)


async def release(call: Call) -> Response:
    """Let an instance out of its quarantine."""
    request, name = parse_body(ReleaseRequest, call.body), call.path("name")
    answer = await call.run(
        lambda: release_instance(call.plane, call.who, call.org, name, request.reason, origin=call.origin)
    )
    return json_answer(answer)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/instances",
        "Every instance, and what it reported last.",
        listing,
        InstanceList,
        "instances:read",
        parameters=(Parameter("state", f"Only instances in this state: {', '.join(_STATES)}."), SELECT),
        refusals=(400, 404, 422),
        anywhere=True,
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/instances/{name}",
        "One instance: what it should enforce and what it does, its versions, and the last that happened to it.",
        show,
        InstanceDetail,
        "instances:read",
        refusals=(404,),
        anywhere=True,
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/instances/{name}",
        "Revoke an instance's credential, at once and for good.",
        revoke,
        None,
        "instances:revoke",
        parameters=(Parameter("reason", "Why; it is kept in the log."),),
        status=204,
        refusals=(400, 404, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/instances/{name}/approvals",
        "Let in an instance that waits for it. Nobody approves their own.",
        approve,
        InstanceView,
        "instances:approve",
        ReviewRequest,
        body_limit=TINY_BODY,
        refusals=(404, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/instances/{name}/rejections",
        "Turn away an instance that waits to be let in.",
        reject,
        InstanceView,
        "instances:approve",
        ReviewRequest,
        body_limit=TINY_BODY,
        refusals=(404, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/instances/{name}/releases",
        "Let an instance out of its quarantine, whether an invariant or somebody put it in. Nobody releases their own.",
        release,
        InstanceView,
        "instances:approve",
        ReleaseRequest,
        body_limit=TINY_BODY,
        refusals=(404, 422),
        anywhere=True,
    ),
)
