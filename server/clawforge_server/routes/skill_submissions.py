"""Skills that people want approved, and what reviewers say about them."""

from __future__ import annotations

from typing import cast, get_args

from starlette.responses import Response

from clawforge.wire_skills import (
    SUBMISSION_LIMIT,
    SkillReviewRequest,
    SubmissionList,
    SubmissionRequest,
    SubmissionState,
    SubmissionView,
)
from clawforge_server.endpoint import EVERYBODY, Call, Endpoint, Parameter, json_answer
from clawforge_server.problems import HttpError
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.skill_submissions import (
    Submitter,
    list_submissions,
    review_submission,
    show_submission,
    submit_skill,
    withdraw_submission,
)

_STATES: tuple[str, ...] = get_args(SubmissionState)


async def listing(call: Call) -> Response:
    """All submissions, or those in one state."""
    text = call.query("state")
    if text is not None and text not in _STATES:
        raise HttpError(400, "bad-parameter", f"The parameter state must be one of {', '.join(_STATES)}.")
    wanted = cast(SubmissionState | None, text)
    return json_answer(await call.run(lambda: list_submissions(call.plane, call.who, call.org, wanted)))


async def submit(call: Call) -> Response:
    """Hand a skill in."""
    request, submitter = parse_body(SubmissionRequest, call.body), Submitter.caller(call.who)
    answer = await call.run(lambda: submit_skill(call.plane, submitter, call.org, request, origin=call.origin))
    return json_answer(answer, 201)


async def show(call: Call) -> Response:
    """One submission."""
    submission = call.path("id")
    return json_answer(await call.run(lambda: show_submission(call.plane, call.who, call.org, submission)))


async def review(call: Call) -> Response:
    """Say what a reviewer thinks."""
    request, submission = parse_body(SkillReviewRequest, call.body), call.path("id")
    answer = await call.run(
        lambda: review_submission(call.plane, call.who, call.org, submission, request, origin=call.origin)
    )
    return json_answer(answer)


async def withdraw(call: Call) -> Response:
    """Take one's own submission back."""
    submission = call.path("id")
    await call.run(lambda: withdraw_submission(call.plane, call.who, call.org, submission, origin=call.origin))
    return Response(status_code=204)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/skills/submissions",
        "The newest 1,000 skills that were handed in, without their texts; for those who may not read all, their own.",
        listing,
        SubmissionList,
        "skills:read",
        parameters=(Parameter("state", f"Only submissions in this state: {', '.join(_STATES)}."),),
        refusals=(400, 404),
        own=EVERYBODY,
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/skills/submissions",
        "Hand a skill in for review. What waits already from the same submitter is answered as it is.",
        submit,
        SubmissionView,
        "skills:submit",
        SubmissionRequest,
        status=201,
        body_limit=SUBMISSION_LIMIT,
        refusals=(404, 409, 422),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/skills/submissions/{id}",
        "One submission with its texts, and what the files say about the skill.",
        show,
        SubmissionView,
        "skills:read",
        refusals=(404,),
        own="skills:submit",
    ),
    Endpoint(
        "DELETE",
        "/v1/orgs/{org}/skills/submissions/{id}",
        "Take back what one handed in oneself.",
        withdraw,
        None,
        "skills:submit",
        status=204,
        refusals=(404, 409),
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/skills/submissions/{id}/review",
        "Approve or reject a skill that was handed in. Nobody reviews their own, and no policy changes by it.",
        review,
        SubmissionView,
        "skills:review",
        SkillReviewRequest,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
    ),
)
