"""What a route of the old API is: a row in a table of its own, since it is described and refused otherwise."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from clawforge.errors import ForbiddenError, InputError
from clawforge.legacy.identifier import org_id
from clawforge.legacy.shape import Shape, issues
from clawforge.resource.meta import Instant, Strict
from clawforge_server.auth.credential import Credential
from clawforge_server.auth.principal import Principal
from clawforge_server.body_room import BodyPlace
from clawforge_server.control_plane import ControlPlane
from clawforge_server.endpoint import in_thread
from clawforge_server.origin import Origin
from clawforge_server.request_body import SMALL_BODY, strict_json
from clawforge_server.routes.legacy.refusal import JSON, BadBodyError
from clawforge_server.service.legacy.plugin_session import instance_of
from clawforge_server.store.records import InstanceRecord

_Value = TypeVar("_Value")
_INSTANT: TypeAdapter[dt.datetime] = TypeAdapter(Instant)

ADMIN = "Admin access required"
READER = "Admin or viewer access required"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request: a principal of an org, and the credential that it shows."""

    principal: Principal
    credential: Credential
    org: str


def _refuse_half_characters(body: bytes, value: Any) -> None:
    """JSON can write half of a surrogate pair, which no store and no answer can hold."""
    if b"\\u" not in body:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InputError("The body holds text that is not Unicode", code="invalid-text") from error


@dataclass(frozen=True, slots=True)
class LegacyCall:
    """One request, authenticated and authorised; `body` is the JSON text where the endpoint takes one."""

    request: Request
    plane: ControlPlane
    origin: Origin
    place: BodyPlace
    caller: Caller | None = None
    body: bytes = b""

    @property
    def known(self) -> Caller:
        """The caller of an endpoint that needs one."""
        if self.caller is None:
            raise LookupError("this endpoint has no caller")
        return self.caller

    @property
    def who(self) -> Principal:
        """The principal of an endpoint that needs one."""
        return self.known.principal

    @property
    def org(self) -> str:
        """The name of the caller's org, which is that of the path."""
        return self.known.org

    @property
    def org_id(self) -> str:
        """The id of that org."""
        return org_id(self.known.org)

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A query parameter; of one that is given several times the last."""
        values = self.request.query_params.getlist(name)
        return values[-1] if values else None

    def moment(self, text: str | None, name: str) -> dt.datetime | None:
        """A moment with a zone, in UTC. Raises InputError that tells the name of the field or parameter."""
        if text is None:
            return None
        try:
            return _INSTANT.validate_strings(text).astimezone(dt.UTC)
        except (ValidationError, OverflowError) as error:
            raise InputError(f"Invalid {name}", hint="Use a date such as 2026-11-20T10:00:00Z.") from error

    def read(self, shape: Shape, *, any_text: bool = False) -> dict[str, Any]:
        """The decoded body. Raises BadBodyError, HttpError for what is no JSON, and InputError for text that is not
        Unicode, unless `any_text` is taken."""
        value = strict_json(self.body)
        if not any_text:
            _refuse_half_characters(self.body, value)
        found = issues(shape, value)
        if found:
            raise BadBodyError(found)
        document: dict[str, Any] = value
        return document

    async def run(self, work: Callable[[], _Value]) -> _Value:
        """Do blocking work outside of the event loop."""
        return await in_thread(self.plane, work)


Handler = Callable[[LegacyCall], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class LegacyEndpoint:
    """A method on a path. `access`: `public` for those who are not known yet, `member` for everybody of the org, else
    the permission that it needs; `refused` is what those are told who lack it. `takes_body`: JSON of `body_limit`
    bytes at most."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: Handler
    access: str = "member"
    refused: str = ADMIN
    takes_body: bool = False
    body_limit: int = SMALL_BODY

    @property
    def writes(self) -> bool:
        """Refusals of requests that would change something are audited."""
        return self.method != "GET"

    def require(self, principal: Principal) -> None:
        """Raise ForbiddenError unless the principal may use it."""
        if self.access in ("public", "member"):
            return
        if not principal.may(self.access):
            raise ForbiddenError(self.refused, code="missing-permission")


async def plugin_of(call: LegacyCall) -> InstanceRecord:
    """The instance that the caller is: from memory, or made when a person's plugin first asks.

    Raises as `service.legacy.plugin_session.instance_of`.
    """
    caller, plane = call.known, call.plane
    name = caller.credential.instance
    found = None if name is None else plane.plugins.peek(caller.org, name)
    if found is None:
        found = await call.run(lambda: instance_of(plane, caller.credential, caller.principal, call.origin))
    return found


def plain_answer(document: Mapping[str, Any], status: int = 200) -> Response:
    """A document of a field or two as the answer."""
    return Response(orjson.dumps(document), status, {"Cache-Control": "no-store"}, JSON)


def answer(document: Strict, status: int = 200, *, nulls: bool = True, without: Collection[str] = ()) -> Response:
    """A document as the answer, except for some fields; without `nulls` what is not there is left out as well."""
    body = document.model_dump_json(by_alias=True, exclude_none=not nulls, exclude=set(without))
    return Response(body, status, {"Cache-Control": "no-store"}, JSON)
