"""Ending credentials: of one session, of one holder, of everybody whom a change of the files put out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from clawforge.access.model import SERVICE_ACCOUNT, USER, AccessModel
from clawforge.errors import UnavailableError
from clawforge_server.auth.authenticator import unknown_credential
from clawforge_server.auth.principal import OWNER_HOLDER, Principal
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction


@dataclass(frozen=True, slots=True)
class PutOut:
    """Whose credentials a change ends: `holders` lose all of them, `strangers` only their sessions. `addresses` are
    nobody's any more: what opens them must not open them to whoever gets one next."""

    holders: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.holders or self.strangers or self.addresses)


def require_present(transaction: Transaction, state: OrgState) -> None:
    """Raise UnavailableError when the org changed since the state was looked at: a credential that is made while its
    holder is put out would be missed by what ends all of theirs."""
    record = transaction.orgs.get(state.name)
    if record is None or state.record is None or record.serial != state.record.serial:
        raise _changed_now()


def require_standing(transaction: Transaction, state: OrgState, who: Principal, now: dt.datetime) -> None:
    """Raise unless the caller may still do what the request was let in for.

    A request may wait for its body or for its turn. What it does last, such as making another credential, is done in
    a transaction, and what ended the caller's own has been committed before it or is committed after it. Raises
    UnauthenticatedError for a credential that ended meanwhile, UnavailableError for rights that changed.
    """
    if who.org is None:
        return
    if not _is_live(transaction, who.org, who.credential, now):
        raise unknown_credential()
    if who.holder != OWNER_HOLDER and state.access.rights_through(who.holder, who.claims, who.scopes) != who.rights:
        raise _changed_now()


def _is_live(transaction: Transaction, org: str, credential: str, now: dt.datetime) -> bool:
    token = transaction.tokens.get(org, credential)
    if token is not None:
        return token.valid_at(now)
    session = transaction.sessions.get(org, credential)
    return session is not None and session.ended_at is None and now < session.expires_at


def _changed_now() -> UnavailableError:
    return UnavailableError(
        "The org was changed at this very moment.", hint="Try again.", code="org-changed", retry_after=1.0
    )


def put_out(before: AccessModel, after: AccessModel, now: dt.datetime) -> PutOut:
    """Who was there before a change, and is suspended, gone, or somebody else after it.

    A user with another email is somebody else, and so is a service account that comes back from its expiry. Of one that
    trusts another issuer or subject only the sessions end: its keys were never the issuer's.
    """
    holders: set[str] = set()
    strangers: set[str] = set()
    for name, user in before.users.items():
        there = after.users.get(name)
        if there is None or there.spec.email != user.spec.email or name in after.suspended - before.suspended:
            holders.add(f"{USER}{name}")
    for name, account in before.service_accounts.items():
        holder = f"{SERVICE_ACCOUNT}{name}"
        then = after.service_accounts.get(name)
        if then is None or before.is_active(holder, now) != after.is_active(holder, now):
            holders.add(holder)
        elif then.spec.federated != account.spec.federated:
            strangers.add(holder)
    return PutOut(frozenset(holders), frozenset(strangers), _left_addresses(before, after))


def _left_addresses(before: AccessModel, after: AccessModel) -> frozenset[str]:
    """Addresses of people who are gone, or have another one now. Somebody who is only called otherwise keeps theirs."""
    kept = {user.spec.email for user in after.users.values()}
    left: set[str] = set()
    for name, user in before.users.items():
        there = after.users.get(name)
        moved = there is not None and there.spec.email != user.spec.email
        if moved or user.spec.email not in kept:
            left.add(user.spec.email)
    return frozenset(left)


def end_session_tree(transaction: Transaction, org: str, session_id: str, at: dt.datetime, by: str) -> tuple[str, ...]:
    """End a session and revoke every key that was made in it; the hashes of what was valid until now."""
    session = transaction.sessions.get(org, session_id)
    hashes = transaction.tokens.revoke(org, session_id, at)
    if session is not None and transaction.sessions.end(org, session_id, at, by):
        hashes = (*hashes, session.access_sha256)
    transaction.revocations.add(org)
    return hashes


def end_credentials(transaction: Transaction, org: str, put_out: PutOut, at: dt.datetime, by: str) -> tuple[str, ...]:
    """End the sessions, keys and enrolment tokens of holders, and what they made for others: they have seen it. Answers
    the hashes of what was valid until now.

    They stay dead when the holder becomes active again, or somebody else gets the name.
    """
    hashes: list[str] = []
    for session in transaction.sessions.list(org, _only(put_out)):
        if session.ended_at is None and session.holder in put_out.holders | put_out.strangers:
            hashes += end_session_tree(transaction, org, session.id, at, by)
    for token in transaction.tokens.list(org):
        if token.revoked_at is None and not put_out.holders.isdisjoint((token.holder, token.created_by)):
            hashes += transaction.tokens.revoke(org, token.id, at)
    for enrollment in transaction.enrollments.list(org):
        if not put_out.holders.isdisjoint((enrollment.created_by, f"{USER}{enrollment.user}")):
            transaction.enrollments.revoke(org, enrollment.id, at)
    for holder in sorted(put_out.holders):
        transaction.passwords.withdraw(org, holder)
    for email in sorted(put_out.addresses):
        transaction.passwords.forget(org, email)
    transaction.revocations.add(org)
    return tuple(hashes)


def _only(put_out: PutOut) -> str | None:
    everybody: Collection[str] = put_out.holders | put_out.strangers
    return next(iter(everybody)) if len(everybody) == 1 else None
