"""Skills that plugins hand in, and what became of them."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.responses import Response

from clawforge.errors import InputError
from clawforge.legacy.skill import REVIEW, SUBMISSION, submission_of
from clawforge_server.routes.legacy.endpoint import READER, LegacyCall, LegacyEndpoint, answer, plugin_of
from clawforge_server.routes.legacy.policies import served_policy
from clawforge_server.service.legacy.console_skills import approved, hand_in, history, review, revoke, waiting


async def submit(call: LegacyCall) -> Response:
    """Hand a skill in."""
    body = call.read(SUBMISSION)
    instance = await plugin_of(call)
    try:
        request = submission_of(body)
    except ValidationError as error:
        raise InputError("The skill cannot be kept: its name is no usable one", code="bad-skill") from error
    return answer(await call.run(lambda: hand_in(call.plane, instance, request, call.origin)), 201)


async def listing(call: LegacyCall) -> Response:
    """Those that wait."""
    return answer(await call.run(lambda: waiting(call.plane, call.who, call.org)))


async def judge(call: LegacyCall) -> Response:
    """Say what a reviewer thinks."""
    body, wanted = call.read(REVIEW), call.path("id")
    status, notes = body["status"], body.get("reviewNotes") or ""
    try:
        said = await call.run(lambda: review(call.plane, call.who, call.org, wanted, status, notes, call.origin))
    except ValidationError as error:
        raise InputError("The notes hold characters that cannot be shown", code="bad-notes") from error
    return answer(said)


async def usable(call: LegacyCall) -> Response:
    """Those that the caller's plugin may use."""
    policy = (await served_policy(call, await plugin_of(call))).policy
    return answer(await call.run(lambda: approved(call.plane, call.org, policy.skills.approved)))


async def everything(call: LegacyCall) -> Response:
    """Every skill with a verdict."""
    return answer(await call.run(lambda: history(call.plane, call.who, call.org)))


async def stop(call: LegacyCall) -> Response:
    """Stop a skill at once."""
    wanted = call.path("id")
    return answer(await call.run(lambda: revoke(call.plane, call.who, call.org, wanted, call.origin)))


_SKILLS = "/api/v1/skills/{org}"

ENDPOINTS = (
    LegacyEndpoint("POST", _SKILLS + "/submit", submit, takes_body=True),
    LegacyEndpoint("GET", _SKILLS + "/review", listing, "skills:read", READER),
    LegacyEndpoint("PUT", _SKILLS + "/review/{id}", judge, "skills:review", takes_body=True),
    LegacyEndpoint("GET", _SKILLS + "/approved", usable),
    LegacyEndpoint("GET", _SKILLS + "/approved/history", everything, "skills:read", READER),
    LegacyEndpoint("DELETE", _SKILLS + "/approved/{id}", stop, "skills:revoke"),
)
