"""What somebody may do, by the server's present state."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from clawforge.decide.request import Decision
from clawforge.resource.meta import Name, SubjectName
from clawforge.wire import DecideRequest, EffectiveView
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.problems import HttpError
from clawforge_server.request_body import parse_body
from clawforge_server.service.subjects import Question, decide_for, effective_for

_SUBJECT: TypeAdapter[str] = TypeAdapter(SubjectName)
_NAME: TypeAdapter[str] = TypeAdapter(Name)


async def effective(call: Call) -> Response:
    """The effective policy of a subject."""
    question = _question(call)
    return json_answer(await call.run(lambda: effective_for(call.plane, call.who, call.org, question)))


async def decide(call: Call) -> Response:
    """The decision on one call."""
    request = parse_body(DecideRequest, call.body)
    return json_answer(await call.run(lambda: decide_for(call.plane, call.who, call.org, request)))


def _question(call: Call) -> Question:
    user = call.query("user")
    if user is None:
        raise HttpError(400, "bad-parameter", "The parameter user is missing.")
    return Question(
        user=_checked("user", _SUBJECT, user),
        instance=_optional(call, "instance", _SUBJECT),
        agent=_optional(call, "agent", _SUBJECT),
        context=_optional(call, "context", _NAME),
        groups=tuple(_checked("group", _NAME, item) for item in call.request.query_params.getlist("group")),
        tags=tuple(_tag(item) for item in call.request.query_params.getlist("tag")),
        at=call.moment("at"),
    )


def _optional(call: Call, name: str, kind: TypeAdapter[str]) -> str | None:
    value = call.query(name)
    return None if value is None else _checked(name, kind, value)


def _checked(name: str, kind: TypeAdapter[str], value: str) -> str:
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise HttpError(400, "bad-parameter", f"The parameter {name} is not a valid name.") from error


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise HttpError(400, "bad-parameter", "The parameter tag must be KEY=VALUE.")
    return key, value


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/effective",
        "The effective policy of a subject, and which places decided it.",
        effective,
        EffectiveView,
        "decisions:read",
        parameters=(
            Parameter("user", "Name or email of the user.", required=True),
            Parameter("instance", "An instance; groups and tags of its enrolment are added."),
            Parameter("agent", "The agent through which it acts."),
            Parameter("context", "The context in which it acts."),
            Parameter("at", "The moment, RFC 3339; now if left out."),
            Parameter("group", "A further group.", repeated=True),
            Parameter("tag", "A tag as KEY=VALUE.", repeated=True),
        ),
        refusals=(404, 422),
        anywhere=True,
        own="decisions:read-own",
    ),
    Endpoint(
        "POST",
        "/v1/orgs/{org}/decide",
        "The decision that an agent of a subject would give on a call.",
        decide,
        Decision,
        "decisions:read",
        DecideRequest,
        refusals=(404, 422),
        anywhere=True,
        own="decisions:read-own",
    ),
)
