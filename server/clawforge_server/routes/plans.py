"""Plans: propose, go back, look at, apply."""

from __future__ import annotations

import json
import re

from starlette.responses import Response

from clawforge.canonical import canonical_bytes
from clawforge.plan import Plan, plan_json
from clawforge.wire import HEADER_REVISION, ApplyRequest, ApplyResult, ApplyTerms, PlanRequest
from clawforge.wire_history import RollbackRequest
from clawforge.wire_identity import JudgementRequest
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.problems import HttpError
from clawforge_server.request_body import LARGE_BODY, parse_body, strict_json
from clawforge_server.service.applying import apply_plan
from clawforge_server.service.plan_reading import read_plan
from clawforge_server.service.planning import create_plan
from clawforge_server.service.reviewing import Verdict, judge_plan
from clawforge_server.service.rolling_back import plan_rollback

_REVISION_TAG = re.compile(r'^"(\d{1,15})"$')


async def create(call: Call) -> Response:
    """Propose the state of one source."""

    def work() -> Plan:
        request = parse_body(PlanRequest, call.body)
        return create_plan(call.plane, call.who, call.org, request, origin=call.origin)

    return _answer(await call.run(work), 201)


async def roll_back(call: Call) -> Response:
    """Propose the state of an older revision."""

    def work() -> Plan:
        request = parse_body(RollbackRequest, call.body)
        return plan_rollback(call.plane, call.who, call.org, request, origin=call.origin)

    return _answer(await call.run(work), 201)


async def read(call: Call) -> Response:
    """A plan as it was answered."""
    return _answer(await call.run(lambda: read_plan(call.plane, call.org, call.path("id"))), 200)


async def apply(call: Call) -> Response:
    """Carry out a plan as it was reviewed."""
    base = _if_match(call.request.headers.get("if-match"))

    def work() -> ApplyResult:
        # The plan is not parsed with the request: whatever differs from the stored plan, also a field that does not
        # exist, is an edited plan, and saying so is more help than naming the field.
        value = strict_json(call.body)
        if not isinstance(value, dict) or "plan" not in value:
            raise HttpError(422, "invalid-request", "The body must be an object with the field `plan`.")
        plan = value.pop("plan")
        terms = parse_body(ApplyTerms, json.dumps(value).encode())
        return apply_plan(call.plane, call.who, call.org, call.path("id"), base, plan, terms, origin=call.origin)

    result = await call.run(work)
    return json_answer(result, headers={HEADER_REVISION: str(result.revision)})


async def approve(call: Call) -> Response:
    """Approve somebody else's plan."""
    return await _judge(call, "approved")


async def reject(call: Call) -> Response:
    """Reject somebody else's plan."""
    return await _judge(call, "rejected")


async def _judge(call: Call, verdict: Verdict) -> Response:
    request = parse_body(JudgementRequest, call.body)
    plan_id = call.path("id")
    plan = await call.run(
        lambda: judge_plan(call.plane, call.who, call.org, plan_id, request, verdict, origin=call.origin)
    )
    return _answer(plan, 200)


def _if_match(header: str | None) -> int:
    if header is None:
        raise HttpError(
            428,
            "if-match-required",
            "An apply must say which revision it is based on.",
            hint='Send the plan\'s base revision, such as If-Match: "3".',
        )
    match = _REVISION_TAG.match(header.strip())
    if match is None:
        raise HttpError(400, "bad-if-match", "If-Match must be one revision in quotes.", hint='Such as "3".')
    return int(match[1])


def _answer(plan: Plan, status: int) -> Response:
    headers = {"Cache-Control": "no-store", "ETag": f'"{plan.digest}"'}
    return Response(canonical_bytes(plan_json(plan)), status, headers, "application/json")


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/orgs/{org}/plans",
        "Propose the state of one source, and get the plan that it makes.",
        create,
        Plan,
        "plans:create",
        PlanRequest,
        status=201,
        body_limit=LARGE_BODY,
        refusals=(409, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/rollbacks",
        "Propose for one source what it was at a revision, and get the plan that this makes.",
        roll_back,
        Plan,
        "plans:create",
        RollbackRequest,
        status=201,
        refusals=(409, 422),
        anywhere=True,
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/plans/{id}",
        "A plan as it was answered.",
        read,
        Plan,
        "plans:read",
        refusals=(404,),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/plans/{id}/apply",
        "Carry out a plan as it was reviewed; repeating it answers the first result.",
        apply,
        ApplyResult,
        "plans:apply",
        ApplyRequest,
        parameters=(Parameter("If-Match", "The plan's base revision in quotes.", "header", required=True),),
        body_limit=LARGE_BODY,
        refusals=(404, 409, 422, 428),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/plans/{id}/approvals",
        "Approve somebody else's plan; it binds the change that the plan makes.",
        approve,
        Plan,
        "plans:approve",
        JudgementRequest,
        refusals=(404, 409, 422),
        anywhere=True,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/plans/{id}/rejections",
        "Reject somebody else's plan: it cannot be applied any more.",
        reject,
        Plan,
        "plans:approve",
        JudgementRequest,
        refusals=(404, 409, 422),
        anywhere=True,
    ),
)
