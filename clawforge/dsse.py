"""DSSE envelopes: bytes that are signed together with what they are (github.com/secure-systems-lab/dsse, version 1).

The reading side is stricter than the specification: standard base64 in its one canonical spelling, no unknown field,
every signature by a known key and valid. So an envelope in which any byte was changed is refused, and nothing of the
payload is parsed before it is verified.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from pydantic import Field, StringConstraints, ValidationError

from clawforge.errors import InputError, UntrustedError
from clawforge.resource.meta import Strict

PAYLOAD_LIMIT = 16 * 1024 * 1024
"""Most bytes of a payload; larger ones are neither signed nor verified."""

_ENCODED_LIMIT = (PAYLOAD_LIMIT + 2) // 3 * 4


class Signature(Strict):
    """One signature over the pre-authentication encoding, and the name of the key that made it."""

    keyid: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    sig: Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class Envelope(Strict):
    """A payload in base64, its type, and one to eight signatures."""

    payload_type: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    payload: Annotated[str, StringConstraints(max_length=_ENCODED_LIMIT)]
    signatures: Annotated[tuple[Signature, ...], Field(min_length=1, max_length=8)]


class Signer(Protocol):
    """A private key that can name itself."""

    @property
    def keyid(self) -> str:
        """The name under which verifiers know the public key."""

    def sign(self, message: bytes) -> bytes:
        """The raw signature of a message."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: what is really signed. Lengths count bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, payload_type: str, *signers: Signer) -> Envelope:
    """An envelope signed by every signer. Raises InputError for a payload beyond the limit."""
    if len(payload) > PAYLOAD_LIMIT:
        raise InputError(f"A document of {len(payload)} bytes is too large to be signed; at most {PAYLOAD_LIMIT}.")
    message = pae(payload_type, payload)
    signatures = tuple(
        Signature(keyid=signer.keyid, sig=base64.b64encode(signer.sign(message)).decode()) for signer in signers
    )
    return Envelope(payload_type=payload_type, payload=base64.b64encode(payload).decode(), signatures=signatures)


def envelope_json(envelope: Envelope) -> dict[str, Any]:
    """The envelope as it travels."""
    return envelope.model_dump(mode="json", by_alias=True)


def read_envelope(value: object) -> Envelope:
    """The envelope in a decoded JSON document; nothing is verified yet.

    Raises UntrustedError (`bad-envelope`) for anything that is not exactly an envelope.
    """
    try:
        envelope = Envelope.model_validate(value, strict=False)
    except ValidationError as error:
        raise UntrustedError("This is no signed envelope.", code="bad-envelope") from error
    # The comparison refuses second spellings, such as a field under its Python name or a number taken for text.
    if envelope_json(envelope) != value:
        raise UntrustedError("This envelope is not in its exact form.", code="bad-envelope")
    return envelope


def decode_base64(text: str) -> bytes:
    """The bytes of standard base64 in its one canonical spelling.

    Raises UntrustedError (`bad-envelope`) otherwise: spare bits and missing padding would let bytes be changed unseen.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UntrustedError("A signed document holds text that is not base64.", code="bad-envelope") from error
    if base64.b64encode(data) != text.encode():
        raise UntrustedError("A signed document holds base64 in a second spelling.", code="bad-envelope")
    return data


def verify(envelope: Envelope, keys: Mapping[str, bytes], payload_type: str) -> bytes:
    """The payload, once its type is the expected one and every signature is valid and by one of `keys`.

    `keys` maps key ids to raw Ed25519 public keys of 32 bytes. Raises UntrustedError with the code `wrong-type`,
    `unknown-key`, `bad-signature` or `bad-envelope`.
    """
    if envelope.payload_type != payload_type:
        raise UntrustedError(f"Expected a signed {payload_type}, got {envelope.payload_type!r}.", code="wrong-type")
    names = [signature.keyid for signature in envelope.signatures]
    if not names or len(set(names)) != len(names):
        raise UntrustedError("An envelope needs signatures by different keys.", code="bad-envelope")
    for name in names:
        if name not in keys:
            raise UntrustedError(f"The signing key {name!r} is not in the trusted key set.", code="unknown-key")
    payload = decode_base64(envelope.payload)
    message = pae(payload_type, payload)
    for signature in envelope.signatures:
        check_signature(keys[signature.keyid], decode_base64(signature.sig), message)
    return payload


def check_signature(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Raise UntrustedError (`bad-signature`) unless the raw Ed25519 key made this signature of the message."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise UntrustedError("The signature does not fit the document.", code="bad-signature") from error
