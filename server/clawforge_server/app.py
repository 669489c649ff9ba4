"""The ASGI application: a router made from the table of endpoints, and the boundary where errors become answers."""

from __future__ import annotations

import uuid

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clawforge.errors import ClawforgeError, ForbiddenError
from clawforge_server.answer_headers import AnswerHeaders
from clawforge_server.auth.admission import authorise, client_address, is_org_name, recognise, slow_down
from clawforge_server.auth.authenticator import DeadCredentialError
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.endpoint import Call, Endpoint, in_thread
from clawforge_server.log import failure_fields, logger
from clawforge_server.origin import Origin
from clawforge_server.problems import HttpError, internal_error_response, problem_response, status_of
from clawforge_server.request_body import read_json
from clawforge_server.routes.legacy.boundary import legacy_routes
from clawforge_server.routes.legacy.table import LEGACY_ENDPOINTS
from clawforge_server.routes.table import ENDPOINTS
from clawforge_server.service.audit_trail import SERVER_LOG, record_refusal

REQUEST_ID = "X-Request-Id"


def make_app(plane: ControlPlane) -> Starlette:
    """The application on one control plane."""
    app = Starlette(
        routes=[
            *(_route(path, plane) for path in dict.fromkeys(endpoint.path for endpoint in ENDPOINTS)),
            *legacy_routes(plane, LEGACY_ENDPOINTS),
        ],
        middleware=[Middleware(AnswerHeaders, behind_proxy=plane.behind_proxy)],
        exception_handlers={HTTPException: _http_exception},
    )
    # A path has one spelling; a redirect would make clients send their body and credential twice.
    app.router.redirect_slashes = False
    return app


def _route(path: str, plane: ControlPlane) -> Route:
    by_method: dict[str, Endpoint] = {endpoint.method: endpoint for endpoint in ENDPOINTS if endpoint.path == path}

    async def serve(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await _serve(plane, by_method[method], request)

    return Route(path, serve, methods=list(by_method))


async def _serve(plane: ControlPlane, endpoint: Endpoint, request: Request) -> Response:
    """Answer one request; whatever goes wrong, the answer is a problem document and nothing of it is half done."""
    request_id = uuid.uuid4().hex
    try:
        response = await _admit(plane, endpoint, request, request_id)
    except ClawforgeError as error:
        response = problem_response(error)
        if status_of(error) >= 500:
            logger().warning("unavailable", route=endpoint.path, code=error.code, request=request_id)
    except Exception as error:  # The boundary: unexpected failures are logged and answered without a word about them.
        logger().error(
            "failed", method=endpoint.method, route=endpoint.path, request=request_id, **failure_fields(error)
        )
        response = internal_error_response(request_id)
    response.headers[REQUEST_ID] = request_id
    return response


async def _admit(plane: ControlPlane, endpoint: Endpoint, request: Request, request_id: str) -> Response:
    address = client_address(request, plane)
    origin = Origin(address, request=request_id)
    if endpoint.permission is None:
        if not endpoint.takes_bearer and not endpoint.free:
            plane.limits.arrive(address)
        return await _handle(plane, endpoint, request, None, origin)
    try:
        principal = await recognise(plane, request, address)
    except DeadCredentialError as error:
        await _audit_dead(plane, endpoint.permission, error, Origin(address, error.credential, request_id))
        raise
    slow_down(plane, principal)
    origin = Origin(address, principal.credential, request_id)
    org = str(request.path_params["org"])
    try:
        authorise(principal, org, endpoint.permission, anywhere=endpoint.anywhere, own=endpoint.own)
        return await _handle(plane, endpoint, request, principal, origin)
    except ClawforgeError as error:
        if _is_news(endpoint, error):
            await _audit_refusal(plane, principal, org, endpoint.permission, error, origin)
        raise


def _is_news(endpoint: Endpoint, error: ClawforgeError) -> bool:
    """Whether a refusal belongs into the audit log."""
    if status_of(error) >= 500 or error.code in endpoint.ordinary:
        return False
    return endpoint.writes or isinstance(error, ForbiddenError)


async def _handle(
    plane: ControlPlane, endpoint: Endpoint, request: Request, principal: Principal | None, origin: Origin
) -> Response:
    with plane.body_room.place() as place:
        early = endpoint.request is not None and not endpoint.late_body
        body = await read_json(request, endpoint.body_limit, place) if early else b""
        if principal is not None and early:
            principal = await _still(plane, endpoint, request, principal, origin)
        return await endpoint.handler(Call(request, plane, principal, origin, place, body))


async def _still(
    plane: ControlPlane, endpoint: Endpoint, request: Request, principal: Principal, origin: Origin
) -> Principal:
    """Who the caller is after the body, which may take its time: longer than a credential lives that was revoked."""
    present = await recognise(plane, request, origin.address)
    if present != principal and endpoint.permission is not None:
        org = str(request.path_params["org"])
        authorise(present, org, endpoint.permission, anywhere=endpoint.anywhere, own=endpoint.own)
    return present


async def _audit_refusal(
    plane: ControlPlane, principal: Principal, org: str, action: str, error: ClawforgeError, origin: Origin
) -> None:
    """Into the log of the principal's own org: what somebody tries elsewhere must leave no trace there."""
    log = principal.org or (org if is_org_name(org) else SERVER_LOG)
    now = plane.clock.now()

    def work() -> None:
        record_refusal(plane.store, log, now, principal.actor, action, error.code, origin=origin)

    await in_thread(plane, work)


async def _audit_dead(plane: ControlPlane, action: str, error: DeadCredentialError, origin: Origin) -> None:
    """A revoked credential that comes again may be in the wrong hands. One that just expired says nothing."""
    if error.org is None or error.why == "expired":
        return
    org, now = error.org, plane.clock.now()

    def work() -> None:
        record_refusal(plane.store, org, now, error.actor, action, error.code, origin=origin, detail={"why": error.why})

    await in_thread(plane, work)


async def _http_exception(request: Request, error: Exception) -> Response:
    """What the router refuses: an unknown path, or a method that a path does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = (error.headers or {}) if isinstance(error, HTTPException) else {}
    if status == 405:
        problem = HttpError(405, "method-not-allowed", f"This path does not take {request.method}.")
    else:
        problem = HttpError(404, "unknown-route", "This server has nothing at this path.", hint="See /openapi.json.")
    response = problem_response(problem)
    response.headers.update(headers)
    return response
