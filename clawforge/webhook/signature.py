"""Keyed hashes as webhooks carry them, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from clawforge.errors import InputError, UnauthenticatedError
from clawforge.secret import Secret

TOLERANCE = 300
"""Seconds by which the clock of a sender may differ, either way."""

_PREFIX = "whsec_"
_FEWEST, _MOST = 24, 64
_MOST_SIGNATURES = 16


def not_genuine() -> UnauthenticatedError:
    """The one answer to everything that is wrong with a signature: which of it is nobody's business."""
    return UnauthenticatedError("The webhook is not signed with the secret of this source.", code="bad-signature")


def check_hex(given: str | None, body: bytes, secret: Secret) -> None:
    """Raises UnauthenticatedError unless `given` is the HMAC-SHA256 of the body in lower-case hex."""
    expected = hmac.new(_bytes(secret), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), _ascii(given)):
        raise not_genuine()


def check_equal(given: str | None, secret: Secret) -> None:
    """Raises UnauthenticatedError unless `given` is the secret itself."""
    # Of hashes, whose comparison does not tell the length of the secret either.
    expected, found = hashlib.sha256(_bytes(secret)).digest(), hashlib.sha256(_ascii(given)).digest()
    if not hmac.compare_digest(expected, found) or given is None:
        raise not_genuine()


def standard_key(secret: Secret) -> bytes:
    """The key in a Standard Webhooks secret. Raises InputError unless it is `whsec_` and base64 of 24 to 64 bytes."""
    text = secret.reveal()
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or not _FEWEST <= len(key) <= _MOST:
        raise InputError(
            "The secret of a Standard Webhook is `whsec_` and base64 of 24 to 64 random bytes, and this one is not.",
            hint='Make one: echo "whsec_$(openssl rand -base64 32)"',
            code="bad-webhook-secret",
        )
    return key


def is_standard_secret(secret: Secret) -> bool:
    """Whether a secret has the form of Standard Webhooks."""
    return secret.reveal().startswith(_PREFIX)


def standard_signature(identity: str, timestamp: int, body: bytes, secret: Secret) -> str:
    """The `webhook-signature` of a message. Raises InputError for a secret of another form."""
    signed = f"{identity}.{timestamp}.".encode() + body
    digest = hmac.new(standard_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def check_standard(
    identity: str | None, timestamp: str | None, given: str | None, body: bytes, secret: Secret, now: float
) -> str:
    """The id of a message of Standard Webhooks, which may carry several signatures.

    Raises UnauthenticatedError unless one of them holds and the message was sent within five minutes, and InputError
    for a secret of another form.
    """
    moment = int(timestamp) if timestamp is not None and _is_number(timestamp) else None
    expected = standard_signature(identity or "", moment or 0, body, secret)
    matches = [
        hmac.compare_digest(expected.encode(), _ascii(one)) for one in (given or "").split(" ")[:_MOST_SIGNATURES]
    ]
    if not any(matches) or not identity or moment is None or abs(now - moment) > TOLERANCE:
        raise not_genuine()
    return identity


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12 and str(int(text)) == text


def _ascii(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogatepass")


def _bytes(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
