"""Rights to enrol, under the names of the old console."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.errors import InputError
from clawforge.legacy.console import Done
from clawforge.legacy.shape import Field, Shape
from clawforge_server.routes.legacy.endpoint import LegacyCall, LegacyEndpoint, answer
from clawforge_server.service.legacy.console_keys import (
    end_enrollment_token,
    enrollment_tokens,
    new_enrollment_token,
)

_MOST_USES = 10_000
_NEW: Shape = {
    "label": Field(required=False),
    "userId": Field(required=False),
    "expiresAt": Field(required=False),
    "maxUses": Field("number", required=False),
}


async def create(call: LegacyCall) -> Response:
    """A token for machines of one person: ours are never for whoever comes."""
    body = call.read(_NEW)
    uses, expires = body.get("maxUses", 1), call.moment(body.get("expiresAt"), "expiresAt")
    if not isinstance(uses, int) or not 1 <= uses <= _MOST_USES:
        raise InputError(f"maxUses must be a whole number from 1 to {_MOST_USES}", code="bad-parameter")
    made = await call.run(
        lambda: new_enrollment_token(
            call.plane, call.who, call.org, body.get("userId"), body.get("label"), uses, expires, call.origin
        )
    )
    return answer(made, 201)


async def listing(call: LegacyCall) -> Response:
    """Tokens, without their text."""
    return answer(await call.run(lambda: enrollment_tokens(call.plane, call.org)))


async def revoke(call: LegacyCall) -> Response:
    """Take a token back."""
    wanted, actor = call.path("id"), call.who.actor
    await call.run(lambda: end_enrollment_token(call.plane, actor, call.org, wanted, call.origin))
    return answer(Done())


_TOKENS = "/api/v1/enrollment-tokens/{org}"

ENDPOINTS = (
    LegacyEndpoint("POST", _TOKENS, create, "enrollments:create", takes_body=True),
    LegacyEndpoint("GET", _TOKENS, listing, "enrollments:read"),
    LegacyEndpoint("DELETE", _TOKENS + "/{id}", revoke, "enrollments:revoke"),
)
