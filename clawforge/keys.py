"""Signing keys of an org, the key set that its root key vouches for, and the fingerprint that enrolment pins.

The root key signs one thing, the key set; the online keys in it sign bundles and leases. An agent pins the root key at
enrolment, so a stolen online key is undone by a new key set with a higher epoch. Randomness is a parameter.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field, StringConstraints, ValidationError, model_validator

from clawforge.canonical import canonical_bytes
from clawforge.dsse import Envelope, decode_base64, sign, verify
from clawforge.errors import InputError, UntrustedError
from clawforge.resource.meta import Instant, Name, Strict, format_instant

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_SET_TYPE = "application/vnd.clawforge.keyset+json"
SEED_BYTES = 32
TOKEN_PREFIX = "cfe_"  # noqa: S105 - the public prefix of enrolment tokens, by which secret scanners know them
FINGERPRINT_LENGTH = 20
_TOKEN_RANDOM_BYTES = 24
_TOKEN_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_FINGERPRINT_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")

Counter = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""An epoch or serial."""


class SigningKey:
    """An Ed25519 private key, made from 32 random bytes."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise InputError(f"A signing key is made from {SEED_BYTES} bytes, not from {len(seed)}.")
        self.seed = seed

    def __repr__(self) -> str:
        return f"SigningKey({self.keyid})"

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    @cached_property
    def keyid(self) -> str:
        """The name under which verifiers know the public key."""
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """The raw signature of a message, 64 bytes."""
        return self._private.sign(message)


def key_id(public_key: bytes) -> str:
    """`ed25519:` and the first 16 hex digits of the SHA-256 of the raw public key."""
    return "ed25519:" + hashlib.sha256(public_key).hexdigest()[:16]


def encode_public_key(public_key: bytes) -> str:
    """The raw public key in base64, as documents carry it."""
    return base64.b64encode(public_key).decode()


def decode_public_key(text: str) -> bytes:
    """The raw public key of 32 bytes. Raises UntrustedError for anything else."""
    public_key = decode_base64(text)
    if len(public_key) != SEED_BYTES:
        raise UntrustedError("A public key must have 32 bytes.", code="bad-key")
    return public_key


class PublishedKey(Strict):
    """An online key that the root vouches for."""

    keyid: str
    public_key: Annotated[str, StringConstraints(min_length=44, max_length=44)]

    @model_validator(mode="after")
    def _named_by_its_bytes(self) -> PublishedKey:
        try:
            raw = decode_public_key(self.public_key)
        except UntrustedError as error:
            raise ValueError(error.message) from error
        if self.keyid != key_id(raw):
            raise ValueError("the key id does not belong to the public key")
        return self


class KeySet(Strict):
    """The online keys of an org. `epoch` grows on key recovery or restore from a backup, never on plain rotation."""

    schema_: Annotated[Literal["clawforge.keyset/v1"], Field(alias="schema")] = "clawforge.keyset/v1"
    org: Name
    epoch: Counter
    keys: Annotated[tuple[PublishedKey, ...], Field(min_length=1, max_length=8)]
    expires: Instant

    @property
    def trusted(self) -> dict[str, bytes]:
        """Key id -> raw public key."""
        return {key.keyid: decode_public_key(key.public_key) for key in self.keys}


def make_key_set(org: str, epoch: int, public_keys: list[bytes], expires: dt.datetime) -> KeySet:
    """The key set of raw public keys, sorted by key id."""
    keys = [PublishedKey(keyid=key_id(raw), public_key=encode_public_key(raw)) for raw in public_keys]
    return KeySet(org=org, epoch=epoch, keys=tuple(sorted(keys, key=lambda key: key.keyid)), expires=expires)


def sign_key_set(key_set: KeySet, root: SigningKey) -> Envelope:
    """The key set, vouched for by the root key."""
    return sign(canonical_bytes(key_set.model_dump(mode="json", by_alias=True)), KEY_SET_TYPE, root)


def open_key_set(envelope: Envelope, root_public: bytes, *, org: str) -> KeySet:
    """The key set of `org`, verified by the pinned root key, whether or not it has expired meanwhile.

    Raises UntrustedError: the codes of `dsse.verify`, `bad-document`, `foreign-org`.
    """
    payload = verify(envelope, {key_id(root_public): root_public}, KEY_SET_TYPE)
    try:
        key_set = KeySet.model_validate_json(payload, strict=True)
    except ValidationError as error:
        raise UntrustedError("The signed key set cannot be read.", code="bad-document") from error
    if key_set.org != org:
        raise UntrustedError(f"The key set belongs to the org {key_set.org!r}, not to {org!r}.", code="foreign-org")
    return key_set


def verify_key_set(envelope: Envelope, root_public: bytes, *, org: str, now: dt.datetime, min_epoch: int = 0) -> KeySet:
    """As `open_key_set`; besides, it must not have expired at `now` (`expired-keyset`), and its epoch must not lie
    below `min_epoch` (`rollback`)."""
    key_set = open_key_set(envelope, root_public, org=org)
    if key_set.epoch < min_epoch:
        raise UntrustedError(
            f"The key set has epoch {key_set.epoch}; epoch {min_epoch} was seen before.", code="rollback"
        )
    if key_set.expires <= now:
        raise UntrustedError(
            f"The key set expired at {format_instant(key_set.expires)}.",
            hint="Check this machine's clock; otherwise the control plane must publish a new key set.",
            code="expired-keyset",
        )
    return key_set


def root_fingerprint(root_public: bytes) -> str:
    """The first 100 bits of the SHA-256 of the raw root key: 20 lower-case base32 characters."""
    return base64.b32encode(hashlib.sha256(root_public).digest()).decode().lower()[:FINGERPRINT_LENGTH]


def fingerprint_matches(root_public: bytes, fingerprint: str) -> bool:
    """Whether the root key is the one that the fingerprint was made from."""
    return hmac.compare_digest(root_fingerprint(root_public), fingerprint)


class EnrollmentToken(NamedTuple):
    """A token as it is typed, and the fingerprint of the root key at its tail."""

    token: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"EnrollmentToken({self.fingerprint})"


def make_enrollment_token(random: bytes, root_public: bytes) -> str:
    """`cfe_<random>_<fingerprint>`, from at least 24 random bytes."""
    if len(random) < _TOKEN_RANDOM_BYTES:
        raise InputError(f"An enrolment token needs {_TOKEN_RANDOM_BYTES} random bytes, got {len(random)}.")
    middle = base64.urlsafe_b64encode(random).decode().rstrip("=")
    return f"{TOKEN_PREFIX}{middle}_{root_fingerprint(root_public)}"


def split_enrollment_token(token: str) -> EnrollmentToken:
    """The token and its fingerprint. Raises InputError for text that is no enrolment token; the text is not repeated,
    for it may be another secret."""
    middle, _, fingerprint = token.removeprefix(TOKEN_PREFIX).rpartition("_")
    if (
        not token.startswith(TOKEN_PREFIX)
        or len(fingerprint) != FINGERPRINT_LENGTH
        or not _FINGERPRINT_ALPHABET.issuperset(fingerprint)
        or len(middle) < _TOKEN_RANDOM_BYTES * 4 // 3
        or not _TOKEN_ALPHABET.issuperset(middle)
    ):
        raise InputError(
            "This is no enrolment token.",
            hint="Tokens begin with cfe_ and come from `clawforge enroll mint`; check that it was copied whole.",
            code="bad-enrollment-token",
        )
    return EnrollmentToken(token, fingerprint)
