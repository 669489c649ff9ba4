"""Checkpoints: signed statements about how long an org's log is, and what its root hash is.

A DSSE envelope signed by the org's online key, which the root key vouches for, as with bundles. Whoever keeps a
checkpoint can prove later that the log was cut off or rewritten, whatever the server says then.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from clawforge.canonical import canonical_bytes
from clawforge.dsse import Envelope, envelope_json, read_envelope, sign, verify
from clawforge.errors import UntrustedError
from clawforge.keys import Counter, SigningKey, open_key_set, verify_key_set
from clawforge.resource.meta import Instant, Name, Sha256, Strict

CHECKPOINT_TYPE = "application/vnd.clawforge.checkpoint+json"


class Checkpoint(Strict):
    """The first `size` records of the org's log have the Merkle root `root`. `previous` is the size of the checkpoint
    before this one, 0 for the first, so that none can be taken out of the middle."""

    schema_: Annotated[Literal["clawforge.checkpoint/v1"], Field(alias="schema")] = "clawforge.checkpoint/v1"
    org: Name
    size: Counter
    root: Sha256
    at: Instant
    epoch: Counter
    previous: Counter = 0

    @property
    def root_hash(self) -> bytes:
        """The raw root."""
        return bytes.fromhex(self.root.removeprefix("sha256:"))


class SignedCheckpoint(Strict):
    """A checkpoint as it travels and is exported: the envelope, and the key set of its time, both as envelopes."""

    checkpoint: dict[str, Any]
    keys: dict[str, Any]


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey, keys: dict[str, Any]) -> SignedCheckpoint:
    """The checkpoint, signed by an online key that is in the key set `keys`."""
    payload = canonical_bytes(checkpoint.model_dump(mode="json", by_alias=True))
    envelope: Envelope = sign(payload, CHECKPOINT_TYPE, key)
    return SignedCheckpoint(checkpoint=envelope_json(envelope), keys=keys)


def open_checkpoint(signed: SignedCheckpoint, root_public: bytes, *, org: str) -> Checkpoint:
    """The checkpoint, verified from the root key on, by keys that were valid when it was made.

    Raises UntrustedError: the codes of `verify_key_set` and `dsse.verify`, `bad-document`, `foreign-org`.
    """
    keys_envelope = read_envelope(signed.keys)
    key_set = open_key_set(keys_envelope, root_public, org=org)
    payload = verify(read_envelope(signed.checkpoint), key_set.trusted, CHECKPOINT_TYPE)
    try:
        checkpoint = Checkpoint.model_validate_json(payload, strict=True)
    except ValidationError as error:
        raise UntrustedError("The signed checkpoint cannot be read.", code="bad-document") from error
    if checkpoint.org != org:
        raise UntrustedError(
            f"The checkpoint belongs to the org {checkpoint.org!r}, not to {org!r}.", code="foreign-org"
        )
    # Keys expire; a checkpoint is judged by the keys of its own time.
    verify_key_set(keys_envelope, root_public, org=org, now=checkpoint.at)
    return checkpoint
