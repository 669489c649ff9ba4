"""Making and hashing credentials. They are random and long, so one plain SHA-256 keeps them safe at rest."""

from __future__ import annotations

import hashlib
import secrets

OWNER_PREFIX = "cf_owner_"
KEY_PREFIX = "cf_live_"
SESSION_PREFIX = "cf_session_"
REFRESH_PREFIX = "cf_refresh_"
INSTANCE_PREFIX = "cf_instance_"
_RANDOM_BYTES = 32


def new_credential(prefix: str) -> str:
    """A credential of 256 random bits; the prefix tells people and secret scanners what it is."""
    return prefix + secrets.token_urlsafe(_RANDOM_BYTES)


def new_id(prefix: str) -> str:
    """An identifier that cannot be guessed: the prefix and 22 characters."""
    return f"{prefix}-{secrets.token_urlsafe(16)}"


def credential_hash(credential: str) -> str:
    """What is stored and looked up: the time of a lookup by hash tells nothing about the credential."""
    return hashlib.sha256(credential.encode("utf-8", "surrogatepass")).hexdigest()
