"""Letting a request in: who sends it, whether they may, and only then what they send."""

from __future__ import annotations

import re

from starlette.requests import Request

from clawforge.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from clawforge.resource.meta import NAME_PATTERN
from clawforge_server.auth.authenticator import bearer_token, dead, principal_of, unknown_credential
from clawforge_server.auth.credential import Credential
from clawforge_server.auth.principal import Principal, instance_principal
from clawforge_server.auth.secrets import INSTANCE_PREFIX, credential_hash
from clawforge_server.auth.token_directory import Dead
from clawforge_server.control_plane import ControlPlane
from clawforge_server.endpoint import EVERYBODY, Call, in_thread
from clawforge_server.origin import Origin
from clawforge_server.service.instance_credentials import recognise_credential
from clawforge_server.store.audit_records import SERVER_LOG
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
    """The holder of an owner's, API, session or instance's token; known ones are answered from memory.

    Raises RateLimitedError, and UnauthenticatedError: DeadCredentialError for a credential that was good once.
    """
    token = _shown(plane, request, address)
    if token.startswith(INSTANCE_PREFIX):
        instance = await recognise_instance(plane, request, address)
        return instance_principal(instance.org, instance.name)
    sha256 = credential_hash(token)
    try:
        return await _holder_of(plane, sha256, address)
    except UnauthenticatedError:
        plane.failures.check(address)
        plane.failures.failed(address)
        raise


def slow_down(plane: ControlPlane, principal: Principal) -> None:
    """Raise RateLimitedError for too many requests of one principal or org. It is not audited: the log would grow."""
    state = None if principal.org is None else plane.states.peek(principal.org)
    plane.limits.principal(principal, None if state is None else state.limits.requests_per_minute)


async def reauthorise(call: Call, permission: str) -> Principal:
    """For open streams: who the caller is now, if they may still do this. Ask after every wake-up and every ping.

    Raises UnauthenticatedError, ForbiddenError.
    """
    principal = await recognise(call.plane, call.request, call.address)
    authorise(principal, call.org, permission)
    return principal


async def _holder_of(plane: ControlPlane, sha256: str, address: str) -> Principal:
    credential = plane.credentials.peek(sha256)
    if credential is None:
        plane.failures.check(address)
        plane.limits.arrive(address)
        found: Credential | Dead | None = await in_thread(
            plane, lambda: plane.credentials.find(sha256, plane.clock.now())
        )
        if found is None:
            raise unknown_credential()
        if isinstance(found, Dead):
            raise dead(found.credential, found.why)
        credential = found
        plane.limits.genuine(address)
    state = None
    if credential.org is not None:
        org = credential.org
        state = plane.states.peek(org) or await in_thread(plane, lambda: plane.states.find(org))
    return principal_of(credential, state, plane.clock.now(), address)


async def admit_instance(call: Call) -> InstanceRecord:
    """The active instance that sends the request, which is counted: the first thing that an agent's endpoint asks.

    Raises as `recognise_instance`, and RateLimitedError for an instance that asks too often.
    """
    instance = await recognise_instance(call.plane, call.request, call.address)
    call.plane.limits.instance(instance.org, instance.name)
    return instance


async def recognise_instance(plane: ControlPlane, request: Request, address: str) -> InstanceRecord:
    """The active instance that sends the request; known ones are answered from memory.

    Raises UnauthenticatedError and ForbiddenError as `recognise_credential`, and RateLimitedError for addresses that
    failed too often: only what is not in memory costs work, so only that is limited.
    """
    token = _shown(plane, request, address)
    sha256 = credential_hash(token)
    found = plane.instances.peek(sha256)
    if found is not None:
        return found
    plane.failures.check(address)
    plane.limits.arrive(address)
    try:
        if not token.startswith(INSTANCE_PREFIX):
            raise UnauthenticatedError("This is not the credential of an instance.", code="unknown-instance")
        found = await in_thread(plane, lambda: recognise_credential(plane, sha256, origin=Origin(address)))
        plane.limits.genuine(address)
        return found
    except UnauthenticatedError:
        plane.failures.failed(address)
        raise


def _shown(plane: ControlPlane, request: Request, address: str) -> str:
    """The bearer token of a request; one without is counted. Two headers are one list, as HTTP joins them, and no
    token: which of them counts is nothing to guess. Raises UnauthenticatedError and RateLimitedError."""
    lines = request.headers.getlist("authorization")
    try:
        return bearer_token(", ".join(lines) if lines else None)
    except UnauthenticatedError:
        plane.limits.arrive(address)
        raise


def is_org_name(text: str) -> bool:
    """Whether an org could have this name."""
    return _NAME.fullmatch(text) is not None


def authorise(
    principal: Principal, org: str, permission: str, *, anywhere: bool = False, own: str | None = None
) -> None:
    """Raise ForbiddenError unless the principal may do this in this org, NotFoundError for an impossible name.

    `anywhere`: a right over a part of the org lets the request in, and the handler looks at what it is about. `own`: a
    smaller permission that lets in too, or everybody, and the handler answers about what is their own.
    """
    if principal.kind == "instance":
        raise ForbiddenError(
            "An agent's credential is good for the agent's own requests only.",
            hint="Use a token of a person or a pipeline.",
            code="agent-credential",
        )
    principal.require_org(org)
    mine = own is not None and (own == EVERYBODY or principal.rights.somewhere(own))
    if not mine and not (anywhere and principal.rights.somewhere(permission)):
        principal.require(permission)
    if not is_org_name(org) and not (org == SERVER_LOG and permission == "audit:read"):
        raise NotFoundError(f"{org!r} is not the name of an org.", code="unknown-org")
