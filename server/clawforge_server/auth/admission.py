"""Letting a request in: who sends it, whether they may, and only then what they send."""

from __future__ import annotations

import re

from starlette.requests import Request

from clawforge.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from clawforge.resource.meta import NAME_PATTERN
from clawforge_server.auth.authenticator import authenticate, bearer_token
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import INSTANCE_PREFIX, credential_hash
from clawforge_server.control_plane import ControlPlane
from clawforge_server.endpoint import in_thread
from clawforge_server.store.records import InstanceRecord

_NAME = re.compile(NAME_PATTERN)


def client_address(request: Request, plane: ControlPlane) -> str:
    """Where the request comes from. Behind a proxy that is the last entry of `X-Forwarded-For`, the one that the
    proxy wrote itself; everything before it is the client's word."""
    if plane.behind_proxy:
        # Some proxies add a header of their own after the client's instead of extending it.
        lines = request.headers.getlist("x-forwarded-for")
        forwarded = lines[-1].rpartition(",")[2].strip() if lines else ""
        if forwarded:
            return forwarded[:64]
    return request.client.host if request.client is not None else ""


async def recognise(plane: ControlPlane, request: Request, address: str) -> Principal:
    """The holder of an owner's, API or instance's token. Raises RateLimitedError, UnauthenticatedError."""
    plane.failures.check(address)
    token = bearer_token(request.headers.get("authorization"))
    if token.startswith(INSTANCE_PREFIX):
        instance = await recognise_instance(plane, request, address)
        return Principal("instance", instance.org, f"instance:{instance.name}", ())
    try:
        return await in_thread(plane, lambda: authenticate(plane.store, plane.clock, token))
    except UnauthenticatedError:
        plane.failures.failed(address)
        raise


async def recognise_instance(plane: ControlPlane, request: Request, address: str) -> InstanceRecord:
    """The active instance that sends the request; known ones are answered from memory.

    Raises UnauthenticatedError, and RateLimitedError for addresses that failed too often: only what is not in memory
    costs work, so only that is limited.
    """
    token = bearer_token(request.headers.get("authorization"))
    sha256 = credential_hash(token)
    found = plane.instances.peek(sha256)
    if found is not None:
        return found
    plane.failures.check(address)
    if token.startswith(INSTANCE_PREFIX):
        found = await in_thread(plane, lambda: plane.instances.find(sha256))
    if found is None:
        plane.failures.failed(address)
        raise UnauthenticatedError(
            "This is not the credential of an active instance.",
            hint="If the instance was revoked, enrol again with a new token.",
            code="unknown-instance",
        )
    return found


def is_org_name(text: str) -> bool:
    """Whether an org could have this name."""
    return _NAME.fullmatch(text) is not None


def authorise(principal: Principal, org: str, permission: str) -> None:
    """Raise ForbiddenError unless the principal may do this in this org, NotFoundError for an impossible name."""
    if principal.kind == "instance":
        raise ForbiddenError(
            "An agent's credential is good for the agent's own requests only.",
            hint="Use a token of a person or a pipeline.",
            code="agent-credential",
        )
    principal.require_org(org)
    principal.require(permission)
    if not is_org_name(org):
        raise NotFoundError(f"{org!r} is not the name of an org.", code="unknown-org")
