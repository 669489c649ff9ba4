"""Errors in the words of the old API: `{"error": ...}`, and what its framework said itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.responses import Response

from clawforge.errors import ClawforgeError, InputError, UnauthenticatedError, UnavailableError
from clawforge.legacy.shape import Issue
from clawforge_server.auth.rate_limit import RateLimitedError
from clawforge_server.problems import HttpError, status_of
from clawforge_server.service.legacy.git_owned import GitOwnedError

JSON = "application/json; charset=utf-8"
_TITLES = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
}
_EMPTY = "Body cannot be empty when content-type is set to 'application/json'"
_NO_JSON = "Body is not valid JSON but content-type is set to 'application/json'"
_FRAMEWORK = {
    "unsupported-content": "FST_ERR_CTP_INVALID_MEDIA_TYPE",
    "too-large": "FST_ERR_CTP_BODY_TOO_LARGE",
    "malformed-json": "FST_ERR_CTP_INVALID_JSON_BODY",
}


class BadBodyError(InputError):
    """A body that has not the shape of the endpoint."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__("Invalid request body", code="invalid-request")
        self.issues = tuple(issues)


class EmptyBodyError(HttpError):
    """No body where there must be one."""

    def __init__(self) -> None:
        super().__init__(400, "empty-body", _EMPTY)


def missing_authorization() -> UnauthenticatedError:
    """The answer to whoever shows no credential, whatever they ask for."""
    return UnauthenticatedError("Missing or invalid Authorization header", code="no-credential")


def refusal(error: ClawforgeError) -> Response:
    """The answer to a refused request."""
    status = 400 if isinstance(error, InputError) else status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, BadBodyError):
        return _answer(400, {"error": error.message, "details": [issue.document() for issue in error.issues]})
    if isinstance(error, RateLimitedError):
        seconds = max(1, math.ceil(error.retry_after))
        headers = {
            "Retry-After": str(seconds),
            "X-RateLimit-Limit": str(error.per_minute),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(seconds),
        }
        message = f"Rate limit exceeded, retry in {seconds} seconds"
        return _answer(429, {"statusCode": 429, "error": _TITLES[429], "message": message}, headers)
    if isinstance(error, UnavailableError) and error.retry_after > 0:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, GitOwnedError):
        return _answer(status, {"error": f"{error.message} {error.hint}", "file": error.file, "line": error.line})
    if isinstance(error, HttpError) and status in _TITLES:
        return _answer(status, _framework(error))
    return _answer(status, {"error": f"{error.message} {error.hint}".strip()}, headers)


def unknown_route(method: str, path: str) -> Response:
    """The answer to a path, or a method on a path, that there is not."""
    return _answer(404, {"message": f"Route {method}:{path} not found", "error": "Not Found", "statusCode": 404})


def failure(request_id: str) -> Response:
    """The answer to an unexpected failure: the id under which it was logged, and nothing else."""
    message = f"The server failed; the request was not carried out (request {request_id})."
    return _answer(500, {"statusCode": 500, "error": "Internal Server Error", "message": message})


def _framework(error: HttpError) -> dict[str, Any]:
    message = _NO_JSON if error.code == "malformed-json" else error.message
    code = "FST_ERR_CTP_EMPTY_JSON_BODY" if isinstance(error, EmptyBodyError) else _FRAMEWORK.get(error.code)
    named = {} if code is None else {"code": code}
    return {"statusCode": error.status, **named, "error": _TITLES[error.status], "message": message}


def _answer(status: int, document: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, {**(headers or {}), "Cache-Control": "no-store"}, JSON)
