"""Private signing keys at rest: sealed with a master key that does not stand in the database; and stamps, by which this
server knows again what it wrote there itself.

AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. The org and the key's id are authenticated with the
sealed bytes, so a sealed key opens in its own row alone; the id is made from the public key, so that is bound as well.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from clawforge.errors import UnavailableError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER_KEY_BYTES = 32
_FORMAT = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class MasterKey:
    """32 random bytes that do not show themselves."""

    __slots__ = ("_bytes",)

    def __init__(self, value: bytes) -> None:
        if len(value) != MASTER_KEY_BYTES:
            raise ValueError(f"a master key has {MASTER_KEY_BYTES} bytes, not {len(value)}")
        self._bytes = value

    @classmethod
    def random(cls) -> MasterKey:
        """A new one."""
        return cls(secrets.token_bytes(MASTER_KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> MasterKey:
        """From base64, white space around it aside. Raises ValueError."""
        try:
            return cls(base64.b64decode(text.strip(), validate=True))
        except binascii.Error as error:
            raise ValueError("it is not base64") from error

    def text(self) -> str:
        """The key in base64; only for the file that keeps it."""
        return base64.b64encode(self._bytes).decode()

    def cipher(self) -> AESGCM:
        """The cipher that uses it."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._bytes)

    def derived(self, purpose: str) -> bytes:
        """A key for one purpose alone (RFC 5869 without salt, one block)."""
        extracted = hmac.digest(bytes(32), self._bytes, hashlib.sha256)
        return hmac.digest(extracted, purpose.encode() + b"\x01", hashlib.sha256)

    def __repr__(self) -> str:
        return "MasterKey(********)"

    def __reduce__(self) -> str:
        raise TypeError("a master key is not pickled")


class Seal:
    """Closes and opens private keys with one master key."""

    def __init__(self, master: MasterKey) -> None:
        self._cipher = master.cipher()
        self._stamp_key = master.derived("clawforge.stamp/v1")

    def close(self, org: str, keyid: str, private: bytes) -> bytes:
        """The sealed form: format, nonce, ciphertext, tag."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, private, _context(org, keyid))

    def open(self, org: str, keyid: str, sealed: bytes) -> bytes:
        """The private key. Raises UnavailableError for what this master key did not seal for this org and key."""
        from cryptography.exceptions import InvalidTag

        if sealed[:1] == _FORMAT and len(sealed) > 1 + _NONCE_BYTES + _TAG_BYTES:
            nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
            try:
                return self._cipher.decrypt(nonce, ciphertext, _context(org, keyid))
            except InvalidTag:
                pass
        raise UnavailableError(
            f"The private key {keyid} of the org {org!r} cannot be opened with this server's master key.",
            hint="Start the server with the master key that it had before.",
            code="sealed-key",
        )

    def stamp(self, context: str, data: bytes) -> bytes:
        """32 bytes that only this master key gives for this data; `context` says what the data is."""
        return hmac.digest(self._stamp_key, context.encode() + b"\0" + data, hashlib.sha256)


def _context(org: str, keyid: str) -> bytes:
    return f"clawforge.key/v1\0{org}\0{keyid}".encode()
