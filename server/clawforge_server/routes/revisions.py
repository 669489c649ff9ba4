"""The state and its revisions."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.errors import NotFoundError
from clawforge.revision_name import is_revision_name
from clawforge.wire import HEADER_REVISION, Revision, RevisionPage, StateAnswer
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.service.history import list_revisions, read_revision, read_state

_HIGHEST = 10**15


async def state(call: Call) -> Response:
    """Every resource at a revision."""
    revision = call.number("revision", None, low=0, high=_HIGHEST)
    answer = await call.run(lambda: read_state(call.plane, call.org, revision))
    return json_answer(answer, headers={HEADER_REVISION: str(answer.revision)})


async def page(call: Call) -> Response:
    """Revisions, newest first."""
    before = call.number("before", None, low=1, high=_HIGHEST)
    limit = call.number("limit", 50, low=1, high=500) or 50
    return json_answer(await call.run(lambda: list_revisions(call.plane, call.org, before, limit)))


async def one(call: Call) -> Response:
    """One revision."""
    text = call.path("n")
    if not is_revision_name(text):
        raise NotFoundError(
            f"{text!r} names no revision.", hint="Such as 3, latest or latest~2.", code="unknown-revision"
        )
    return json_answer(await call.run(lambda: read_revision(call.plane, call.org, text)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/state",
        "Every resource of the org, now or at a revision.",
        state,
        StateAnswer,
        "state:read",
        parameters=(Parameter("revision", "A revision; the present one if left out."),),
        refusals=(404,),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/revisions",
        "Revisions, newest first.",
        page,
        RevisionPage,
        "revisions:read",
        parameters=(
            Parameter("before", "Only revisions below this one."),
            Parameter("limit", "How many at most, 1 to 500; 50 if left out."),
        ),
        refusals=(404,),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/revisions/{n}",
        "One revision, by number, or as `latest` or `latest~2`.",
        one,
        Revision,
        "revisions:read",
        refusals=(404,),
    ),
)
