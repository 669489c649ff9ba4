"""Which credential a hash belongs to: answered from memory after the first time.

A revocation removes the entry in this process in the moment in which it is committed; other replicas notice it by the
number that grows in the store, which they look at every second.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from clawforge_server.auth.credential import Credential, of_session, of_token
from clawforge_server.store.port import Store, Transaction

_MOST = 200_000


@dataclass(frozen=True, slots=True)
class Dead:
    """A credential that was good once; why it is not is for the audit log, and not for whoever shows it."""

    credential: Credential
    why: str


class TokenDirectory:
    """Holds valid credentials only. Used from any thread; only `find` and `catch_up` block."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._by_hash: OrderedDict[str, Credential] = OrderedDict()
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}

    def peek(self, sha256: str) -> Credential | None:
        """The credential if it is in memory; whether it has expired is for the caller to see."""
        return self._by_hash.get(sha256)

    def find(self, sha256: str, now: dt.datetime) -> Credential | Dead | None:
        """The credential with this hash; None for one that never was."""
        found = self.peek(sha256)
        if found is not None:
            return found
        with self._store.transaction() as transaction:
            stored = _stored(transaction, sha256, now)
            # Inside the transaction: a revocation that commits later finds the entry and removes it.
            if isinstance(stored, Credential):
                with self._lock:
                    self._by_hash[sha256] = stored
                    if len(self._by_hash) > _MOST:
                        self._by_hash.popitem(last=False)
        return stored

    def forget(self, hashes: Iterable[str]) -> None:
        """These are valid no more. Call it right after the commit."""
        with self._lock:
            for sha256 in hashes:
                self._by_hash.pop(sha256, None)

    def catch_up(self) -> frozenset[str]:
        """Drop what may have been revoked elsewhere; the orgs in which something ended since the last call."""
        with self._store.transaction() as transaction:
            numbers = transaction.revocations.numbers()
        changed = frozenset(org for org, number in numbers.items() if self._numbers.get(org, 0) != number)
        if changed:
            with self._lock:
                for sha256 in [key for key, item in self._by_hash.items() if item.org in changed]:
                    del self._by_hash[sha256]
            self._numbers = numbers
        return changed


def _stored(transaction: Transaction, sha256: str, now: dt.datetime) -> Credential | Dead | None:
    token = transaction.tokens.find(sha256)
    if token is not None:
        if token.valid_at(now):
            return of_token(token)
        return Dead(of_token(token), "revoked" if token.revoked_at is not None else "expired")
    session = transaction.sessions.find(sha256)
    if session is None:
        return None
    if session.ended_at is not None:
        return Dead(of_session(session), "ended")
    found = of_session(session)
    return found if found.until is None or now < found.until else Dead(found, "expired")
