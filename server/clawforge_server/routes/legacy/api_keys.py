"""API keys, under the names of the old console."""

from __future__ import annotations

import ipaddress

from pydantic import ValidationError
from starlette.responses import Response

from clawforge.errors import InputError
from clawforge.legacy.console import Done
from clawforge.legacy.shape import Field, Shape
from clawforge_server.routes.legacy.endpoint import LegacyCall, LegacyEndpoint, answer
from clawforge_server.service.legacy.console_keys import api_keys, end_api_key, new_api_key

_NEW: Shape = {
    "name": Field(shortest=1),
    "role": Field(required=False, options=("admin", "viewer")),
    "expiresAt": Field(required=False),
    "ipAllowlist": Field("array", required=False),
}


async def create(call: LegacyCall) -> Response:
    """A key of the caller, for a role of the old console."""
    body = call.read(_NEW)
    role, expires = body.get("role", "viewer"), call.moment(body.get("expiresAt"), "expiresAt")
    networks = _networks(body.get("ipAllowlist") or [])
    name = body["name"]
    try:
        made = await call.run(
            lambda: new_api_key(call.plane, call.who, call.org, name, role, expires, networks, call.origin)
        )
    except ValidationError as error:
        raise InputError(
            "A name holds small letters, digits and dashes only", hint="Such as `ci-runner`.", code="bad-name"
        ) from error
    return answer(made, 201)


async def listing(call: LegacyCall) -> Response:
    """Keys, without their text."""
    return answer(await call.run(lambda: api_keys(call.plane, call.who, call.org)))


async def revoke(call: LegacyCall) -> Response:
    """Take a key back."""
    wanted = call.path("id")
    await call.run(lambda: end_api_key(call.plane, call.who, call.org, wanted, call.origin))
    return answer(Done())


def _networks(texts: list[object]) -> tuple[str, ...]:
    """Addresses and networks in CIDR form. One that cannot be read must not end up as no limit at all."""
    try:
        return tuple(str(ipaddress.ip_network(_text(item), strict=False)) for item in texts)
    except ValueError as error:
        raise InputError("ipAllowlist must hold addresses or networks only", code="bad-parameter") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


_KEYS = "/api/v1/api-keys/{org}"

ENDPOINTS = (
    LegacyEndpoint("POST", _KEYS, create, "tokens:create", takes_body=True),
    LegacyEndpoint("GET", _KEYS, listing, "tokens:read"),
    LegacyEndpoint("DELETE", _KEYS + "/{id}", revoke, "tokens:revoke"),
)
