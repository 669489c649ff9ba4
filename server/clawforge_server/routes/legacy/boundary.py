"""Where requests of the old API come in and errors become its answers, as `app` does for ours."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clawforge.errors import ClawforgeError, ForbiddenError, UnauthenticatedError
from clawforge.legacy.identifier import org_id
from clawforge_server.auth.admission import client_address, recognise, slow_down
from clawforge_server.auth.authenticator import DeadCredentialError
from clawforge_server.auth.credential import Credential
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.control_plane import ControlPlane
from clawforge_server.endpoint import in_thread
from clawforge_server.log import failure_fields, logger
from clawforge_server.origin import Origin
from clawforge_server.problems import status_of
from clawforge_server.request_body import read_json
from clawforge_server.routes.legacy.endpoint import Caller, LegacyCall, LegacyEndpoint
from clawforge_server.routes.legacy.refusal import (
    EmptyBodyError,
    failure,
    missing_authorization,
    refusal,
    unknown_route,
)
from clawforge_server.service.audit_trail import record_refusal
from clawforge_server.service.legacy.plugin_sign_in import org_named

PREFIX = "/api/v1"
_SCHEME = "Bearer "
_KEYS = ("cf_live_", "cf_test_")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_MISMATCH = "Access denied: organization mismatch"


def legacy_routes(plane: ControlPlane, endpoints: Sequence[LegacyEndpoint]) -> list[Route]:
    """The routes of the old API, and one that answers everything else below its prefix as the old server did."""
    paths = dict.fromkeys(endpoint.path for endpoint in endpoints)
    routes = [_route(plane, path, [item for item in endpoints if item.path == path]) for path in paths]
    return [*routes, _route(plane, PREFIX + "/{rest:path}", [])]


def _route(plane: ControlPlane, path: str, endpoints: Sequence[LegacyEndpoint]) -> Route:
    by_method = {endpoint.method: endpoint for endpoint in endpoints}

    async def serve(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await _serve(plane, by_method.get(method), request)  # type: ignore[call-overload]

    return Route(path, serve, methods=_METHODS)


async def _serve(plane: ControlPlane, endpoint: LegacyEndpoint | None, request: Request) -> Response:
    request_id = uuid.uuid4().hex
    try:
        response = await _admit(plane, endpoint, request, request_id)
    except ClawforgeError as error:
        response = refusal(error)
    except Exception as error:  # The boundary: unexpected failures are logged and answered without a word about them.
        logger().error("failed", method=request.method, route="/api/v1", request=request_id, **failure_fields(error))
        response = failure(request_id)
    response.headers["X-Request-Id"] = request_id
    return response


async def _admit(plane: ControlPlane, endpoint: LegacyEndpoint | None, request: Request, request_id: str) -> Response:
    address = client_address(request, plane)
    origin = Origin(address, request=request_id)
    if endpoint is not None and endpoint.access == "public":
        plane.limits.arrive(address)
        return await _handle(plane, endpoint, request, None, origin)
    principal_org, caller = await _recognise(plane, request, origin)
    origin = dataclasses.replace(origin, credential=caller.principal.credential)
    if endpoint is None:
        return unknown_route(request.method, request.url.path)
    try:
        if "org" in request.path_params:
            org = await _org_of(plane, principal_org, str(request.path_params["org"]))
            caller = dataclasses.replace(caller, org=org)
        endpoint.require(caller.principal)
        return await _handle(plane, endpoint, request, caller, origin)
    except ClawforgeError as error:
        if status_of(error) < 500 and (endpoint.writes or isinstance(error, ForbiddenError)):
            await _audit_refusal(plane, caller, endpoint, error, origin)
        raise


async def _recognise(plane: ControlPlane, request: Request, origin: Origin) -> tuple[str | None, Caller]:
    """Who the caller is, and their org. A refresh token is no access token: it is not even looked up as one."""
    header = request.headers.get("authorization", "")
    if not header.startswith(_SCHEME):
        plane.limits.arrive(origin.address)
        raise missing_authorization()
    token = header.removeprefix(_SCHEME).strip()
    try:
        principal = await recognise(plane, request, origin.address)
        credential = plane.credentials.peek(credential_hash(token))
        if credential is None:
            sha256, now = credential_hash(token), plane.clock.now()
            found = await in_thread(plane, lambda: plane.credentials.find(sha256, now))
            if not isinstance(found, Credential):
                raise UnauthenticatedError("Invalid or expired token")
            credential = found
    except UnauthenticatedError as error:
        await _audit_dead(plane, error, origin)
        said = "Invalid API key" if token.startswith(_KEYS) else "Invalid or expired token"
        raise UnauthenticatedError(said, code=error.code) from error
    if credential.instance is not None and principal.org is not None:
        plane.limits.instance(principal.org, credential.instance)
    else:
        slow_down(plane, principal)
    return principal.org, Caller(principal, credential, principal.org or "")


async def _org_of(plane: ControlPlane, own: str | None, wanted: str) -> str:
    """The name of the org in the path, by its id or name. Nobody learns which other orgs there are."""
    if own is not None:
        if wanted not in (own, org_id(own)):
            raise ForbiddenError(_MISMATCH, code="wrong-org")
        return own
    found = await in_thread(plane, lambda: org_named(plane, wanted))
    if found is None:
        raise ForbiddenError(_MISMATCH, code="wrong-org")
    return found


async def _handle(
    plane: ControlPlane, endpoint: LegacyEndpoint, request: Request, caller: Caller | None, origin: Origin
) -> Response:
    with plane.body_room.place() as place:
        body = b""
        if endpoint.takes_body:
            body = await read_json(request, endpoint.body_limit, place)
            if not body:
                raise EmptyBodyError
            if caller is not None:
                # The body may take its time: longer than a credential lives that was revoked.
                await recognise(plane, request, origin.address)
        return await endpoint.handler(LegacyCall(request, plane, origin, place, caller, body))


async def _audit_refusal(
    plane: ControlPlane, caller: Caller, endpoint: LegacyEndpoint, error: ClawforgeError, origin: Origin
) -> None:
    """Into the log of the caller's own org, as refusals of our own API are."""
    org = caller.principal.org or caller.org
    if not org:
        return
    action = endpoint.access if ":" in endpoint.access else "plugin:request"
    now, actor = plane.clock.now(), caller.principal.actor
    await in_thread(plane, lambda: record_refusal(plane.store, org, now, actor, action, error.code, origin=origin))


async def _audit_dead(plane: ControlPlane, error: UnauthenticatedError, origin: Origin) -> None:
    """A revoked credential that comes again may be in the wrong hands. One that just expired says nothing."""
    if not isinstance(error, DeadCredentialError) or error.org is None or error.why == "expired":
        return
    org, now = error.org, plane.clock.now()
    named = dataclasses.replace(origin, credential=error.credential)
    detail = {"why": error.why}

    def work() -> None:
        record_refusal(plane.store, org, now, error.actor, "plugin:request", error.code, origin=named, detail=detail)

    await in_thread(plane, work)
