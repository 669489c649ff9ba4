"""The present keys of issuers, from their discovery documents (OpenID Connect Discovery 1.0)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clawforge.errors import UnavailableError
from clawforge_server.auth.oidc.egress import Egress, EgressError
from clawforge_server.auth.oidc.key_set import KeySet
from clawforge_server.clock import Clock
from clawforge_server.log import logger

_FRESH = 15 * 60.0
"""A key that an issuer withdraws is not believed for longer than this."""
_UNKNOWN_KEY_PAUSE = 60.0
_FAILURE_PAUSE = 10.0
_MOST_ISSUERS = 256


@dataclass(slots=True)
class _Entry:
    """One issuer; moments are those of the monotonic clock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: KeySet | None = None
    fetched: float = 0.0
    failed: float | None = None


class Issuers:
    """Keys by issuer, kept for a quarter of an hour. Blocks while it fetches; calls for one issuer fetch once."""

    def __init__(self, egress: Egress, clock: Clock) -> None:
        self._egress = egress
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def keys(self, issuer: str, kid: str | None, algorithm: str) -> KeySet:
        """The issuer's keys. A key that is not among them may be a new one: then they are fetched again, at most once a
        minute. Raises UnavailableError when they cannot be had; old ones are not believed instead."""
        entry = self._entry(issuer)
        with entry.lock:
            now = self._clock.monotonic()
            if entry.keys is not None and now - entry.fetched < _FRESH:
                known = bool(entry.keys.candidates(kid, algorithm))
                if known or now - entry.fetched < _UNKNOWN_KEY_PAUSE:
                    return entry.keys
            if entry.failed is not None and now - entry.failed < _FAILURE_PAUSE:
                raise _unavailable()
            try:
                entry.keys = self._fetch(issuer)
            except EgressError as error:
                entry.keys, entry.failed = None, now
                logger().warning("issuer not usable", issuer=issuer, why=error.message)
                raise _unavailable() from error
            entry.fetched, entry.failed = now, None
            return entry.keys

    def exchange(self, issuer: str, form: Mapping[str, str]) -> str:
        """The identity token that the issuer's token endpoint gives for a code. It proves nothing yet.

        Raises UnavailableError when the endpoint cannot be had, or gives none: it does not say why either.
        """
        try:
            address = self._discovered(issuer).get("token_endpoint")
            if not isinstance(address, str):
                raise EgressError("its discovery document names no token endpoint")
            token = self._egress.post_form(address, form).get("id_token")
            if not isinstance(token, str):
                raise EgressError("it gave no identity token for a code")
        except EgressError as error:
            logger().warning("issuer not usable", issuer=issuer, why=error.message)
            raise UnavailableError(
                "The identity provider gave no token for this code.",
                hint="Sign in again; if that does not help, the server's log says why.",
                code="issuer-unavailable",
            ) from error
        return token

    def _discovered(self, issuer: str) -> dict[str, Any]:
        document = self._egress.get_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise EgressError("its discovery document names another issuer")
        return document

    def _fetch(self, issuer: str) -> KeySet:
        document = self._discovered(issuer)
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            raise EgressError("its discovery document names no keys")
        try:
            keys = KeySet.parse(self._egress.get_json(address))
        except ValueError as error:
            raise EgressError("its keys cannot be read") from error
        if not keys.keys:
            raise EgressError("it has no key that can be used")
        return keys

    def _entry(self, issuer: str) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(issuer, _Entry())
            self._entries.move_to_end(issuer)
            while len(self._entries) > _MOST_ISSUERS:
                self._entries.popitem(last=False)
            return entry


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "The identity provider cannot be asked for its keys now, so nobody can be recognised by it.",
        hint="The server's log says why. Check the issuer's address, and that the server can reach it.",
        code="issuer-unavailable",
        retry_after=_FAILURE_PAUSE,
    )
