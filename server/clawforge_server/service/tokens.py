"""API keys of an org."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clawforge.access.model import SERVICE_ACCOUNT
from clawforge.access.permission import PERMISSIONS, names_something
from clawforge.access.rights import ALL_RIGHTS, Rights
from clawforge.errors import ForbiddenError, InputError, NotFoundError
from clawforge.spelling import nearest
from clawforge.wire_identity import KeyAnswer, KeyList, KeyRequest, KeyView, RotateRequest
from clawforge_server.auth.credential import is_part, parse_networks
from clawforge_server.auth.principal import OWNER_HOLDER, Principal
from clawforge_server.auth.secrets import KEY_PREFIX, credential_hash, new_credential, new_id
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.credentials import require_present, require_standing
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import TokenRecord

_ENDED = "It expired, or was revoked."


@dataclass(frozen=True, slots=True)
class _Holder:
    """For whom a key is: the holder, all of the holder's rights, and the moment that no key of theirs outlives."""

    name: str
    rights: Rights
    until: dt.datetime | None = None


def create_key(plane: ControlPlane, who: Principal, org: str, request: KeyRequest, *, origin: Origin) -> KeyAnswer:
    """Make a key for oneself or a service account, with no more rights, and for no longer, than its maker has.

    Raises NotFoundError for an unknown org, InputError for a service account or permission that does not exist,
    ForbiddenError for rights that the maker does not hold.
    """
    state = plane.states.get(org)
    now = plane.clock.now()
    _require_known(request.permissions)
    holder = _holder_for(state, who, request.service_account, now)
    scopes = tuple(sorted(set(request.permissions)))
    _require_grantable(who, holder, scopes)
    token = new_credential(KEY_PREFIX)
    record = TokenRecord(
        id=new_id("token"),
        org=org,
        kind="api",
        sha256=credential_hash(token),
        name=request.name,
        holder=holder.name,
        scopes=scopes,
        created_at=now,
        created_by=who.answerable,
        expires_at=_expiry(who, holder, now, dt.timedelta(seconds=request.ttl)),
        networks=_networks(who, request.networks),
        parent=who.credential,
    )
    with plane.store.transaction() as transaction:
        require_present(transaction, state)
        require_standing(transaction, state, who, now)
        transaction.tokens.add(record)
        entry = done(
            now,
            who.actor,
            "tokens:create",
            origin=origin,
            target=f"token/{record.id}",
            after=_document(record),
            token=record.id,
            name=record.name,
            holder=record.holder,
            permissions=list(record.scopes),
        )
        transaction.audit.append(org, entry)
    return _answer(record, token)


def rotate_key(
    plane: ControlPlane, who: Principal, org: str, token_id: str, request: RotateRequest, *, origin: Origin
) -> KeyAnswer:
    """A new key in place of an old one, which goes on working for the overlap and is revoked together with the new one.

    The new one lives as long as the old one was made for. Raises as `create_key`, and NotFoundError for a key that is
    not valid.
    """
    state = plane.states.get(org)
    now = plane.clock.now()
    token = new_credential(KEY_PREFIX)
    with plane.store.transaction() as transaction:
        require_present(transaction, state)
        require_standing(transaction, state, who, now)
        old = transaction.tokens.get(org, token_id)
        if old is None or not old.valid_at(now):
            raise _unknown(token_id)
        account = old.holder.removeprefix(SERVICE_ACCOUNT) if old.holder.startswith(SERVICE_ACCOUNT) else None
        if account is None and old.holder != who.holder:
            raise ForbiddenError(
                "Only its holder can rotate this key.", hint="Revoke it instead.", code="grant-exceeds-grantor"
            )
        holder = _holder_for(state, who, account, now)
        _require_grantable(who, holder, old.scopes)
        if who.credential in transaction.tokens.tree(org, old.id):
            raise ForbiddenError(
                "No key rotates itself, or the one that it was made with: it would survive its own revocation.",
                hint="Sign in, or use another key.",
                code="grant-exceeds-grantor",
            )
        life = (old.expires_at or now) - old.created_at
        record = TokenRecord(
            id=new_id("token"),
            org=org,
            kind=old.kind,
            sha256=credential_hash(token),
            name=old.name,
            holder=old.holder,
            scopes=old.scopes,
            created_at=now,
            created_by=who.answerable,
            expires_at=_expiry(who, holder, now, life),
            networks=_networks(who, old.networks),
            # Of whoever rotates it, and not of whoever made the old one: the new text is known to the former.
            parent=who.credential,
        )
        overlap = now.replace(microsecond=0) + dt.timedelta(seconds=request.overlap)
        ends = min(old.expires_at or overlap, overlap)
        transaction.tokens.add(record)
        transaction.tokens.replace(org, old.id, record.id, ends)
        transaction.revocations.add(org)
        entry = done(
            now,
            who.actor,
            "tokens:rotate",
            origin=origin,
            target=f"token/{old.id}",
            before=_document(old),
            after=_document(record),
            token=old.id,
            successor=record.id,
        )
        transaction.audit.append(org, entry)
    plane.credentials.forget((old.sha256,))
    return _answer(record, token)


def list_keys(plane: ControlPlane, who: Principal, org: str) -> KeyList:
    """The org's keys for whoever may see them, one's own for everybody else. Raises NotFoundError."""
    plane.states.get(org)
    everybody = who.may("tokens:read")
    with plane.store.transaction() as transaction:
        found = transaction.tokens.list(org)
    return KeyList(tokens=tuple(_view(item) for item in found if everybody or who.owns(item.holder, item.id)))


def revoke_key(plane: ControlPlane, who: Principal, org: str, token_id: str, *, origin: Origin) -> None:
    """The key and everything that was made with it are dead at once. Raises NotFoundError, ForbiddenError."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        record = transaction.tokens.get(org, token_id)
        if record is None or not who.owns(record.holder, record.id):
            who.require("tokens:revoke")
        if record is None or not record.valid_at(now):
            raise _unknown(token_id)
        hashes = transaction.tokens.revoke(org, token_id, now)
        transaction.revocations.add(org)
        entry = done(
            now,
            who.actor,
            "tokens:revoke",
            origin=origin,
            target=f"token/{token_id}",
            before=_document(record),
            token=token_id,
            revoked=len(hashes),
        )
        transaction.audit.append(org, entry)
    plane.credentials.forget(hashes)
    # Streams that were opened with it must end now.
    plane.wakeups.notify(org)


def _require_known(permissions: tuple[str, ...]) -> None:
    for permission in permissions:
        if not names_something(permission):
            guess = nearest(permission, PERMISSIONS)
            raise InputError(
                f"There is no permission {permission!r}.",
                hint=f"Did you mean {guess!r}?" if guess else f"There are: {', '.join(PERMISSIONS)}.",
                code="unknown-permission",
            )


def _holder_for(state: OrgState, who: Principal, service_account: str | None, now: dt.datetime) -> _Holder:
    if service_account is None:
        return _Holder(who.holder, ALL_RIGHTS if who.holder == OWNER_HOLDER else who.rights)
    account = state.access.service_accounts.get(service_account)
    holder = f"{SERVICE_ACCOUNT}{service_account}"
    if account is None or not state.access.is_active(holder, now):
        guess = nearest(service_account, state.access.service_accounts) if account is None else None
        raise InputError(
            f"The org {state.name!r} has no active service account {service_account!r}.",
            hint=f"Did you mean {guess!r}?" if guess else "Declare it, or lift its `expires`, and apply.",
            code="unknown-service-account",
        )
    return _Holder(holder, state.access.rights_of(holder), account.spec.expires)


def _require_grantable(who: Principal, holder: _Holder, scopes: tuple[str, ...]) -> None:
    """Nobody grants what they do not hold, and no key is good for what its holder does not hold."""
    vain = [scope for scope in scopes if not holder.rights.somewhere(scope)]
    granted = holder.rights.limited_to(scopes)
    missing = sorted({*map(str, who.rights.beyond(granted)), *(vain if holder.name == who.holder else ())})
    if missing:
        raise ForbiddenError(
            f"Nobody grants what they do not hold: {', '.join(missing)}.",
            hint="Leave these permissions out, or ask somebody who holds them.",
            code="grant-exceeds-grantor",
        )
    if vain:
        raise InputError(
            f"{holder.name} does not hold {', '.join(vain)}, so a key of it cannot either.",
            hint="Leave these permissions out, or give them to the service account and apply.",
            code="permission-not-held",
        )


def _expiry(who: Principal, holder: _Holder, now: dt.datetime, life: dt.timedelta) -> dt.datetime:
    expires_at = now.replace(microsecond=0) + life
    for bound, what in ((who.expires_at, "the credential that makes it"), (holder.until, "its service account")):
        if bound is not None and expires_at > bound:
            raise ForbiddenError(
                f"A key cannot outlive {what}.", hint="Ask for a shorter life.", code="grant-exceeds-grantor"
            )
    return expires_at


def _networks(who: Principal, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Where a new key is good from: nowhere that its maker's credential is not."""
    bounds = [bound for bound in who.networks if bound]
    networks = wanted or tuple(map(str, bounds[0] if bounds else ()))
    for network in parse_networks(networks):
        if not all(any(is_part(network, wider) for wider in bound) for bound in bounds):
            raise ForbiddenError(
                f"The credential that makes the key is not good from {network}.",
                hint="Name networks that lie within those of the credential.",
                code="grant-exceeds-grantor",
            )
    return networks


def _unknown(token_id: str) -> NotFoundError:
    return NotFoundError(f"There is no valid key {token_id!r} in this org.", hint=_ENDED, code="unknown-token")


def _answer(record: TokenRecord, token: str) -> KeyAnswer:
    if record.expires_at is None:
        raise LookupError("a key always expires")
    return KeyAnswer(id=record.id, token=token, holder=record.holder, expires_at=record.expires_at)


def _document(record: TokenRecord) -> dict[str, object]:
    return _view(record).model_dump(mode="json", by_alias=True)


def _view(record: TokenRecord) -> KeyView:
    return KeyView(
        id=record.id,
        name=record.name,
        holder=record.holder,
        parent=record.parent,
        permissions=record.scopes,
        networks=record.networks,
        created_at=record.created_at,
        created_by=record.created_by,
        expires_at=record.expires_at,
        revoked_at=record.revoked_at,
    )
