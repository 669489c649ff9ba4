"""Enrolment tokens and API keys of the old console: ours, under its names."""

from __future__ import annotations

import datetime as dt

from clawforge.errors import InputError, NotFoundError
from clawforge.legacy.console import ApiKeyList, ApiKeyView, EnrollmentToken, EnrollmentTokenList, NewApiKey
from clawforge.legacy.event import milliseconds_text
from clawforge.legacy.identifier import thing_id, user_id
from clawforge.resource.role import BUILT_IN_ROLES
from clawforge.wire_enrollment import EnrollmentRequest
from clawforge.wire_identity import MOST_KEY_SECONDS, KeyRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import KEY_PREFIX
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.enrollments import create_enrollment, revoke_enrollment
from clawforge_server.service.tokens import create_key, list_keys, revoke_key
from clawforge_server.store.records import EnrollmentRecord

_ROLES = {"admin": BUILT_IN_ROLES["admin"], "viewer": BUILT_IN_ROLES["auditor"]}
_KEY_SECONDS, _TOKEN_SECONDS = 90 * 86_400, 7 * 86_400
_SHORTEST = 60


def new_enrollment_token(
    plane: ControlPlane,
    who: Principal,
    org: str,
    user: str | None,
    label: str | None,
    uses: int,
    expires: dt.datetime | None,
    origin: Origin,
) -> EnrollmentToken:
    """A token for machines of one declared person, by id or address; of the caller if none is named.

    Raises as `create_enrollment`.
    """
    state, now = plane.states.get(org), plane.clock.now()
    name = who.name if who.kind == "user" else None
    if user is not None:
        name = next((item for item in state.access.users if user_id(org, item) == user), user)
    seconds = _seconds(expires, now, _TOKEN_SECONDS, _TOKEN_SECONDS)
    request = EnrollmentRequest(user=name, uses=uses, ttl=seconds)
    answer = create_enrollment(plane, who, org, request, origin=origin)
    return EnrollmentToken(
        id=thing_id(org, "enrollment", answer.id),
        token=answer.token,
        label=label,
        expires_at=milliseconds_text(answer.expires_at),
        max_uses=uses,
        used_count=0,
        created_at=milliseconds_text(now),
    )


def enrollment_tokens(plane: ControlPlane, org: str) -> EnrollmentTokenList:
    """Those that were not revoked. Of a token only its hash is kept, so it is shown to nobody again."""
    with plane.store.transaction() as transaction:
        found = transaction.enrollments.list(org)
    return EnrollmentTokenList(tokens=tuple(_token(org, item) for item in found if item.revoked_at is None))


def end_enrollment_token(plane: ControlPlane, actor: str, org: str, wanted: str, origin: Origin) -> None:
    """Take a token back. Raises NotFoundError."""
    with plane.store.transaction() as transaction:
        found = transaction.enrollments.list(org)
    ours = next((item.id for item in found if thing_id(org, "enrollment", item.id) == wanted), None)
    if ours is None:
        raise NotFoundError("Token not found", code="unknown-enrollment")
    revoke_enrollment(plane, actor, org, ours, origin=origin)


def new_api_key(
    plane: ControlPlane,
    who: Principal,
    org: str,
    name: str,
    role: str,
    expires: dt.datetime | None,
    networks: tuple[str, ...],
    origin: Origin,
) -> NewApiKey:
    """A key of the caller, good for what the role may do, and never for more than the caller. Raises as `create_key`,
    and InputError for a name that is no slug."""
    now = plane.clock.now()
    seconds = _seconds(expires, now, _KEY_SECONDS, MOST_KEY_SECONDS)
    request = KeyRequest.model_validate(
        {"name": name, "permissions": _ROLES[role], "ttl": seconds, "networks": networks}
    )
    answer = create_key(plane, who, org, request, origin=origin)
    return NewApiKey(
        id=thing_id(org, "token", answer.id),
        name=name,
        key_prefix=answer.token[: len(KEY_PREFIX) + 8],
        role=role,
        expires_at=milliseconds_text(answer.expires_at),
        ip_allowlist=networks or None,
        created_at=milliseconds_text(now),
        key=answer.token,
    )


def api_keys(plane: ControlPlane, who: Principal, org: str) -> ApiKeyList:
    """Those that are good still. Raises NotFoundError."""
    now = plane.clock.now()
    live = [
        item
        for item in list_keys(plane, who, org).tokens
        if item.revoked_at is None and (item.expires_at is None or now < item.expires_at)
    ]
    return ApiKeyList(
        api_keys=tuple(
            ApiKeyView(
                id=thing_id(org, "token", item.id),
                name=item.name,
                key_prefix=KEY_PREFIX,
                role="admin" if "users:*" in item.permissions else "viewer",
                expires_at=None if item.expires_at is None else milliseconds_text(item.expires_at),
                ip_allowlist=item.networks or None,
                created_at=milliseconds_text(item.created_at),
            )
            for item in live
        )
    )


def end_api_key(plane: ControlPlane, who: Principal, org: str, wanted: str, origin: Origin) -> None:
    """Take a key back, and what was made with it. Raises NotFoundError, ForbiddenError."""
    found = list_keys(plane, who, org).tokens
    ours = next((item.id for item in found if thing_id(org, "token", item.id) == wanted), None)
    if ours is None:
        raise NotFoundError("API key not found or already revoked", code="unknown-token")
    revoke_key(plane, who, org, ours, origin=origin)


def _token(org: str, record: EnrollmentRecord) -> EnrollmentToken:
    return EnrollmentToken(
        id=thing_id(org, "enrollment", record.id),
        token=None,
        label=record.template,
        expires_at=milliseconds_text(record.expires_at),
        max_uses=record.uses,
        used_count=record.uses - record.uses_left,
        created_at=milliseconds_text(record.created_at),
    )


def _seconds(expires: dt.datetime | None, now: dt.datetime, default: int, longest: int) -> int:
    """For how long: nothing lasts for ever here, so what should is given the usual life."""
    if expires is None:
        return default
    seconds = int((expires - now).total_seconds())
    if seconds < _SHORTEST:
        raise InputError("expiresAt must lie in the future", code="bad-parameter")
    return min(seconds, longest)
