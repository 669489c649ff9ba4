"""Errors as problem+json (RFC 9457): one place that maps exceptions to HTTP."""

from __future__ import annotations

import math
from collections.abc import Mapping

from starlette.responses import Response

from clawforge.errors import (
    ClawforgeError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)
from clawforge.wire import PROBLEM_MEDIA_TYPE, Position, Problem, ProblemItem
from clawforge_server.auth.rate_limit import RateLimitedError

_STATUS: tuple[tuple[type[ClawforgeError], int], ...] = (
    (RateLimitedError, 429),
    (UnavailableError, 503),
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (InputError, 422),
)

_TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Request too slow",
    409: "Conflict",
    413: "Request too large",
    415: "Unsupported content",
    422: "Refused",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


class HttpError(ClawforgeError):
    """A refusal that is about HTTP itself, with its status."""

    def __init__(self, status: int, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = status


class ListedError(InputError):
    """Several problems at once, each with its place where it is known."""

    def __init__(self, code: str, message: str, problems: tuple[ProblemItem, ...], *, hint: str = "") -> None:
        super().__init__(message, hint=hint, code=code)
        self.problems = problems


def problem_response(error: ClawforgeError) -> Response:
    """The answer to a refused request."""
    status = status_of(error)
    problems = error.problems if isinstance(error, ListedError) else ()
    position = problems[0].position if len(problems) == 1 else None
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="clawforge"'
    if isinstance(error, UnavailableError) and error.retry_after > 0:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, RateLimitedError) and error.policy:
        # As the IETF's draft-ietf-httpapi-ratelimit-headers names them: q requests in w seconds; r are left, for t.
        headers["RateLimit-Policy"] = f'"{error.policy}";q={error.per_minute};w=60'
        headers["RateLimit"] = f'"{error.policy}";r=0;t={math.ceil(error.retry_after)}'
    return _response(status, error.code, error.message, error.hint, headers, position, problems)


def internal_error_response(request_id: str) -> Response:
    """The answer to an unexpected failure: nothing about it leaves the server but the id under which it was logged."""
    return _response(
        500,
        "internal-error",
        f"The server failed. The request was not carried out (request {request_id}).",
        f"Look for {request_id} in the server's log.",
        {},
        None,
        (),
    )


def status_of(error: ClawforgeError) -> int:
    """The HTTP status of an exception; 500 for one that nobody mapped."""
    if isinstance(error, HttpError):
        return error.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def _response(
    status: int,
    code: str,
    detail: str,
    hint: str,
    headers: Mapping[str, str],
    position: Position | None,
    problems: tuple[ProblemItem, ...],
) -> Response:
    problem = Problem(
        title=_TITLES.get(status, "Refused"),
        status=status,
        code=code,
        detail=detail,
        hint=hint or None,
        position=position,
        problems=problems,
    )
    body = problem.model_dump_json(by_alias=True, exclude_none=True)
    return Response(body, status, {**headers, "Cache-Control": "no-store"}, PROBLEM_MEDIA_TYPE)
