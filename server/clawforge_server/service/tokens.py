"""API tokens of an org."""

from __future__ import annotations

import datetime as dt

from clawforge.errors import ForbiddenError, NotFoundError
from clawforge.wire import TokenAnswer, TokenList, TokenRequest, TokenView
from clawforge_server.auth.permission import beyond
from clawforge_server.auth.principal import Principal
from clawforge_server.auth.secrets import TOKEN_PREFIX, credential_hash, new_credential, new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import done
from clawforge_server.store.records import TokenRecord


def create_token(plane: ControlPlane, who: Principal, org: str, request: TokenRequest) -> TokenAnswer:
    """Make a token with no more rights, and for no longer, than its maker has.

    Raises NotFoundError for an unknown org, ForbiddenError for rights that the maker does not hold.
    """
    plane.states.get(org)
    missing = beyond(who.permissions, request.permissions)
    if missing:
        raise ForbiddenError(
            f"This token cannot grant what it does not hold: {', '.join(missing)}.",
            hint="Leave these permissions out, or ask somebody who holds them.",
            code="grant-exceeds-grantor",
        )
    now = plane.clock.now()
    expires_at = now.replace(microsecond=0) + dt.timedelta(seconds=request.ttl)
    if who.expires_at is not None and expires_at > who.expires_at:
        raise ForbiddenError(
            "A token cannot outlive the token that makes it.",
            hint="Ask for a shorter life.",
            code="grant-exceeds-grantor",
        )
    token = new_credential(TOKEN_PREFIX)
    record = TokenRecord(
        id=new_id("token"),
        org=org,
        kind="api",
        sha256=credential_hash(token),
        name=request.name,
        permissions=tuple(sorted(set(request.permissions))),
        created_at=now,
        created_by=who.actor,
        expires_at=expires_at,
    )
    with plane.store.transaction() as transaction:
        transaction.tokens.add(record)
        detail = {"token": record.id, "name": record.name, "permissions": list(record.permissions)}
        transaction.audit.append(org, done(now, who.actor, "tokens:create", **detail))
    return TokenAnswer(id=record.id, token=token, expires_at=expires_at)


def list_tokens(plane: ControlPlane, org: str) -> TokenList:
    """All tokens of the org, without their text. Raises NotFoundError."""
    plane.states.get(org)
    with plane.store.transaction() as transaction:
        found = transaction.tokens.list(org)
    return TokenList(tokens=tuple(_view(record) for record in found))


def revoke_token(plane: ControlPlane, who: Principal, org: str, token_id: str) -> None:
    """From now on nobody is recognised by it. Raises NotFoundError."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        if not transaction.tokens.revoke(org, token_id, now):
            raise NotFoundError(f"There is no valid token {token_id!r} in this org.", code="unknown-token")
        transaction.audit.append(org, done(now, who.actor, "tokens:revoke", token=token_id))


def _view(record: TokenRecord) -> TokenView:
    return TokenView(
        id=record.id,
        name=record.name,
        permissions=record.permissions,
        created_at=record.created_at,
        created_by=record.created_by,
        expires_at=record.expires_at,
        revoked_at=record.revoked_at,
    )
