"""Skills that agents hand in for the people they work for."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.errors import ClawforgeError
from clawforge.wire_skills import SUBMISSION_LIMIT, SubmissionRequest, SubmissionView
from clawforge_server.auth.admission import admit_instance, recognise_instance
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.problems import status_of
from clawforge_server.request_body import parse_body, read_json
from clawforge_server.service.audit_trail import record_refusal
from clawforge_server.service.skill_submissions import Submitter, submit_skill

_ACTION = "skills:submit"


async def submit(call: Call) -> Response:
    """Hand a skill in, in the name of the instance's user."""
    plane = call.plane
    # Who sends is known before the body is read.
    instance = await admit_instance(call)
    try:
        body = await read_json(call.request, SUBMISSION_LIMIT, call.place)
        # It may have taken longer than a revocation may.
        instance = await recognise_instance(plane, call.request, call.address)
        request, submitter = parse_body(SubmissionRequest, body), Submitter.agent(instance)
        answer = await call.run(lambda: submit_skill(plane, submitter, instance.org, request, origin=call.origin))
        return json_answer(answer, 201)
    except ClawforgeError as error:
        if status_of(error) < 500:
            actor, code, now = f"instance:{instance.name}", error.code, plane.clock.now()
            await call.run(
                lambda: record_refusal(plane.store, instance.org, now, actor, _ACTION, code, origin=call.origin)
            )
        raise


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/agent/skills",
        "Hand a skill in for review, as the agent of the instance's user.",
        submit,
        SubmissionView,
        None,
        SubmissionRequest,
        status=201,
        body_limit=SUBMISSION_LIMIT,
        late_body=True,
        refusals=(409, 422),
    ),
)
