"""What a route is: a row in a table from which the router and the OpenAPI document are both made."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

import anyio.to_thread
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from clawforge.resource.meta import Instant, Strict
from clawforge_server.auth.principal import Principal
from clawforge_server.body_room import BodyPlace
from clawforge_server.origin import Origin
from clawforge_server.problems import HttpError
from clawforge_server.request_body import SMALL_BODY

if TYPE_CHECKING:
    from clawforge_server.control_plane import ControlPlane

_Value = TypeVar("_Value")
_INSTANT: TypeAdapter[dt.datetime] = TypeAdapter(Instant)

EVERYBODY = "everybody"


class Parameter(NamedTuple):
    """A query parameter or header. `repeated` ones may be given several times."""

    name: str
    description: str
    place: Literal["query", "header"] = "query"
    required: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated and authorised; `body` is the JSON text where the endpoint takes one, `place` where
    in memory it lies."""

    request: Request
    plane: ControlPlane
    principal: Principal | None
    origin: Origin
    place: BodyPlace
    body: bytes = b""

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return self.origin.address

    @property
    def org(self) -> str:
        """The org in the path."""
        return self.path("org")

    @property
    def who(self) -> Principal:
        """The principal of an endpoint that needs one."""
        if self.principal is None:
            raise LookupError("this endpoint has no principal")
        return self.principal

    def origin_of(self, principal: Principal) -> Origin:
        """The origin, for an endpoint that recognises its caller itself."""
        return dataclasses.replace(self.origin, credential=principal.credential)

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A query parameter, given at most once. Raises HttpError 400."""
        values = self.request.query_params.getlist(name)
        if len(values) > 1:
            raise HttpError(400, "bad-parameter", f"The parameter {name} is given more than once.")
        return values[0] if values else None

    def number(self, name: str, default: int | None, *, low: int, high: int) -> int | None:
        """A whole number within bounds. Raises HttpError 400."""
        text = self.query(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 18 or not low <= int(text) <= high:
            raise HttpError(400, "bad-parameter", f"The parameter {name} must be a number from {low} to {high}.")
        return int(text)

    def moment(self, name: str) -> dt.datetime | None:
        """A moment with a zone, in UTC. Raises HttpError 400."""
        text = self.query(name)
        if text is None:
            return None
        try:
            return _INSTANT.validate_strings(text).astimezone(dt.UTC)
        except (ValidationError, OverflowError) as error:
            raise HttpError(
                400,
                "bad-parameter",
                f"The parameter {name} must be RFC 3339 with a zone.",
                hint="Such as 2026-11-20T10:00:00Z.",
            ) from error

    async def run(self, work: Callable[[], _Value]) -> _Value:
        """Do blocking work outside of the event loop."""
        return await in_thread(self.plane, work)


async def in_thread(plane: ControlPlane, work: Callable[[], _Value]) -> _Value:
    """Do blocking work on one of the few threads that are for it."""
    return await anyio.to_thread.run_sync(work, limiter=plane.threads)


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method on a path. `permission` None: the handler itself recognises its caller, or nobody needs to be known.

    `anywhere`: a right over a part of the org lets the request in, and the handler looks at what it is about. `own` is
    a smaller permission that lets in as well, or `everybody`: the handler then answers about the caller's own.
    `bearer`: the handler recognises its caller, although it asks for no permission. `late_body`: the handler reads the
    body itself, once it knows its caller. `free`: so cheap that it is not counted. `ordinary` are the codes of refusals
    that everyday callers meet again and again, and that nobody would look for in the log.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    handler: Handler
    answer: type[Strict] | None
    permission: str | None = None
    request: type[Strict] | None = None
    parameters: tuple[Parameter, ...] = ()
    status: int = 200
    body_limit: int = SMALL_BODY
    refusals: tuple[int, ...] = ()
    anywhere: bool = False
    own: str | None = None
    bearer: bool = False
    late_body: bool = False
    free: bool = False
    ordinary: tuple[str, ...] = ()

    @property
    def takes_bearer(self) -> bool:
        """Whether a credential in the Authorization header is looked at."""
        return self.permission is not None or self.bearer or self.path.startswith("/v1/agent/")

    @property
    def writes(self) -> bool:
        """Refusals of requests that would change something are audited."""
        return self.method != "GET"


def json_answer(answer: Strict, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model as the answer."""
    body = answer.model_dump_json(by_alias=True)
    extra = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, status, extra, "application/json")
