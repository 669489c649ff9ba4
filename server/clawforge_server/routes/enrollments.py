"""Rights to enrol."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.wire_enrollment import EnrollmentAnswer, EnrollmentList, EnrollmentRequest
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.request_body import parse_body
from clawforge_server.service.enrollments import create_enrollment, list_enrollments, revoke_enrollment


async def create(call: Call) -> Response:
    """Mint an enrolment token."""
    request = parse_body(EnrollmentRequest, call.body)
    answer = await call.run(lambda: create_enrollment(call.plane, call.who, call.org, request, origin=call.origin))
    return json_answer(answer, 201)


async def listing(call: Call) -> Response:
    """All enrolments."""
    return json_answer(await call.run(lambda: list_enrollments(call.plane, call.org)))


async def revoke(call: Call) -> Response:
    """Take an enrolment token back."""
    await call.run(lambda: revoke_enrollment(call.plane, call.who.actor, call.org, call.path("id"), origin=call.origin))
    return Response(status_code=204)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/orgs/{org}/enrollments",
        "Mint an enrolment token for a declared, active user.",
        create,
        EnrollmentAnswer,
        "enrollments:create",
        EnrollmentRequest,
        status=201,
        refusals=(404, 409, 422),
        anywhere=True,
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/enrollments",
        "Every enrolment, without its token.",
        listing,
        EnrollmentList,
        "enrollments:read",
        refusals=(404,),
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/enrollments/{id}",
        "Revoke an enrolment token; instances that used it stay.",
        revoke,
        None,
        "enrollments:revoke",
        status=204,
        refusals=(404,),
    ),
)
