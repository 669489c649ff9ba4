"""Looking back: what differs between revisions, and which of them set a field."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.field_history import FieldHistory
from clawforge.history import StateDiff
from clawforge.revision_name import is_revision_name
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.problems import HttpError
from clawforge_server.service.comparing import compare_revisions
from clawforge_server.service.field_history import FieldQuestion, field_history_for

_HIGHEST = 10**15
_LONGEST = 1_024


async def diff(call: Call) -> Response:
    """What differs between two revisions."""
    before, after = _revision(call, "from", "latest~1"), _revision(call, "to", "latest")
    return json_answer(await call.run(lambda: compare_revisions(call.plane, call.org, before, after)))


async def blame(call: Call) -> Response:
    """Which revision set a field."""
    address = _text(call, "address")
    if address is None:
        raise HttpError(400, "bad-parameter", "The parameter address is missing.", hint="Such as Policy/engineering.")
    asked = FieldQuestion(
        address,
        _text(call, "field") or None,
        every=call.query("all") == "true",
        before=call.number("before", None, low=1, high=_HIGHEST),
        limit=call.number("limit", 100, low=1, high=500) or 100,
    )
    return json_answer(await call.run(lambda: field_history_for(call.plane, call.who, call.org, asked)))


def _text(call: Call, name: str) -> str | None:
    text = call.query(name)
    if text is not None and (len(text) > _LONGEST or not text.isprintable()):
        raise HttpError(400, "bad-parameter", f"The parameter {name} must be at most {_LONGEST} printable characters.")
    return text


def _revision(call: Call, name: str, default: str) -> str:
    text = call.query(name)
    if text is not None and not is_revision_name(text):
        raise HttpError(
            400, "bad-parameter", f"The parameter {name} must be a revision.", hint="Such as 3, latest or latest~2."
        )
    return text or default


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/diff",
        "What differs between two revisions.",
        diff,
        StateDiff,
        "state:read",
        parameters=(
            Parameter("from", "A revision: a number, `latest` or `latest~2`; the one before the latest if left out."),
            Parameter("to", "The other one; the latest if left out."),
        ),
        refusals=(404,),
    ),
    Endpoint(
        "GET",
        "/v1/orgs/{org}/blame",
        "Which revision set a field of a resource, and each item of a list.",
        blame,
        FieldHistory,
        "state:read",
        parameters=(
            Parameter("address", "The resource, such as Policy/engineering.", required=True),
            Parameter("field", "A field of it, such as spec.tools.deny; every field if left out."),
            Parameter("all", "`true` for every change of it, not the last one only."),
            Parameter("before", "Go on before this revision, where an answer stopped."),
            Parameter("limit", "How many changes at most, 1 to 500; 100 if left out."),
        ),
        refusals=(404,),
    ),
)
