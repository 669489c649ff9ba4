"""Reading request bodies: capped before they are read, refused where JSON leaves room for two readings."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn, TypeVar

import orjson
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request

from clawforge.load.field_problem import FieldProblem, field_problems
from clawforge.resource.meta import Strict
from clawforge.wire import ProblemItem
from clawforge_server.body_room import BodyPlace
from clawforge_server.problems import HttpError, ListedError

TINY_BODY = 16 * 1024
"""For requests that are parsed before anybody is known to send them."""
SMALL_BODY = 1024 * 1024
LARGE_BODY = 64 * 1024 * 1024
_DEEPEST = 100
_MOST_PROBLEMS = 100
_SECRETS = frozenset({"token", "refreshToken", "password", "code", "credential"})
"""Fields of requests whose values no answer repeats."""
_PATIENCE_SECONDS = 15.0
_SLOWEST = 256 * 1024
"""Bytes a second that a body must have on average, after the first seconds: who sends slower holds what others need."""

_Model = TypeVar("_Model", bound=Strict)


async def read_json(request: Request, limit: int, place: BodyPlace) -> bytes:
    """The body, once it is certain to be one JSON document within the limit; it takes its place in memory.

    Raises HttpError: 400 malformed, 408 too slow, 413 too large, 415 not JSON; UnavailableError when there is no room.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if kind != "application/json" or encoding != "identity":
        raise HttpError(415, "unsupported-content", "The body must be plain JSON.", hint="Send application/json.")
    return await _received(request, limit, place)


async def _received(request: Request, limit: int, place: BodyPlace) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20 and int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    began = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout_at(began + _PATIENCE_SECONDS) as deadline:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                place.grow(size, tiny=TINY_BODY, small=SMALL_BODY)
                chunks.append(chunk)
                deadline.reschedule(began + _PATIENCE_SECONDS + size / _SLOWEST)
    except TimeoutError as error:
        raise too_slow() from error
    except ClientDisconnect as error:
        raise HttpError(400, "malformed-body", "The body ended early.") from error
    return b"".join(chunks)


def too_slow() -> HttpError:
    """The refusal of a body that takes too long."""
    return HttpError(408, "too-slow", "The body did not arrive in time.", hint="Send the request again.")


def parse_body(model: type[_Model], body: bytes) -> _Model:
    """The body as a strict model.

    Raises HttpError 400 for what is not one JSON document with one reading, and ListedError 422 for fields that
    are wrong.
    """
    value = strict_json(body)
    try:
        return model.model_validate_json(body, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = field_problems(model, value, error)
    items = tuple(_item(problem) for problem in problems[:_MOST_PROBLEMS])
    raise ListedError("invalid-request", f"The request is not understood: {items[0].message}", items)


def _item(problem: FieldProblem) -> ProblemItem:
    pointer = problem.pointer or "/"
    # Elsewhere the message quotes what was sent; an answer is kept and shown in more places than a secret may be.
    if _SECRETS.intersection(pointer.split("/")):
        return ProblemItem(code=problem.code, message=f"{pointer}: This value cannot be used.")
    return ProblemItem(code=problem.code, message=f"{pointer}: {problem.message}", hint=problem.hint)


def strict_json(body: bytes) -> Any:
    """The decoded document. Raises HttpError 400 for duplicate keys, NaN, too deep nesting and other malformed text."""
    value = _read_back(body)
    if value is None:
        value = _read(body)
    if _is_deeper(value, _DEEPEST):
        raise _malformed("it is nested too deeply")
    return value


def _read_back(body: bytes) -> Any:
    """The document, if written again it is this very text; None if it is not.

    What is written has every key once and every number as it was, so nothing was lost in reading. Our own clients send
    such text, and this reads it many times as fast as a parser that looks for doubles.
    """
    try:
        value = orjson.loads(body)
        return value if orjson.dumps(value) == body else None
    except (ValueError, TypeError):
        return None


def _read(body: bytes) -> Any:
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _malformed("it is not UTF-8") from error
    except RecursionError as error:
        raise _malformed("it is nested too deeply") from error
    except ValueError as error:
        raise _malformed(str(error) if isinstance(error, _Refused) else "it does not parse") from error


class _Refused(ValueError):
    """Text that JSON parsers read differently."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("an object has the same key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Refused("it holds a number that JSON does not have")


# Making one takes longer than it takes to read a heartbeat.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether containers stand in one another more than `limit` levels deep."""
    # What JSON was read into is of these very types; asking for them is the fastest question.
    level = [value] if type(value) is dict or type(value) is list else []
    for _ in range(limit):
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return bool(level)


def _malformed(why: str) -> HttpError:
    return HttpError(400, "malformed-json", f"The body is no usable JSON: {why}.")


def _too_large(limit: int) -> HttpError:
    size = f"{limit // (1024 * 1024)} MiB" if limit >= 1024 * 1024 else f"{limit // 1024} KiB"
    return HttpError(413, "too-large", f"The body is larger than {size}.")
