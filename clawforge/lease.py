"""Leases: short signed statements that a bundle is still the wanted one, and of what is killed (SPEC.md 5).

A lease travels with every policy answer, on a 304 as a header. It bounds how long an agent may go on without hearing
from the control plane, and it is the only thing that can take a kill back.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from clawforge.canonical import canonical_bytes
from clawforge.decide.request import KillOrder
from clawforge.dsse import Envelope, envelope_json, sign, verify
from clawforge.errors import UntrustedError
from clawforge.keys import Counter, KeySet, SigningKey
from clawforge.resource.meta import Instant, Name, Sha256, Strict, SubjectName
from clawforge.resource.policy import OfflineMode

if TYPE_CHECKING:
    from clawforge.effective import EffectiveOffline

LEASE_TYPE = "application/vnd.clawforge.lease+json"
HEADER_LIMIT = 48 * 1024
"""Most characters of a lease in a header."""


class Lease(Strict):
    """`bundle` is the digest of the bundle that this instance should enforce, `overlays` that of its runtime overlays.
    `kill` lists the kill switches that are on, without those over groups that this instance does not belong to, and an
    order for this very instance if it is in quarantine or belongs to such a group: who is in a group may have changed
    since the bundle was made. Each agent judges which of them concern a call."""

    schema_: Annotated[Literal["clawforge.lease/v1"], Field(alias="schema")] = "clawforge.lease/v1"
    org: Name
    instance: SubjectName
    epoch: Counter
    serial: Counter
    bundle: Sha256
    kill: Annotated[tuple[KillOrder, ...], Field(max_length=64)] = ()
    overlays: Sha256
    issued_at: Instant
    until: Instant

    @model_validator(mode="after")
    def _lasts(self) -> Lease:
        if self.until <= self.issued_at:
            raise ValueError("a lease must end after it was issued")
        return self

    @property
    def counters(self) -> tuple[int, int]:
        """(epoch, serial), which only grow."""
        return (self.epoch, self.serial)


class Freshness(StrEnum):
    """fresh: the lease runs; cached: it ended, but the policy lets the agent go on for a while; expired: deny."""

    FRESH = "fresh"
    CACHED = "cached"
    EXPIRED = "expired"


def sign_lease(lease: Lease, key: SigningKey) -> Envelope:
    """The lease, signed by an online key."""
    return sign(canonical_bytes(lease.model_dump(mode="json", by_alias=True)), LEASE_TYPE, key)


def open_lease(envelope: Envelope, key_set: KeySet) -> Lease:
    """The lease, verified before it is parsed.

    Raises UntrustedError: the codes of `dsse.verify`, and `bad-document` for signed text that is no lease.
    """
    payload = verify(envelope, key_set.trusted, LEASE_TYPE)
    try:
        return Lease.model_validate_json(payload, strict=True)
    except ValidationError as error:
        raise UntrustedError(
            "The signed lease cannot be read; it may be of a newer version.",
            hint="Update clawforge on this machine.",
            code="bad-document",
        ) from error


def lease_header(envelope: Envelope) -> str:
    """The value of the `ClawForge-Lease` header: base64url without padding of the envelope's canonical JSON."""
    return base64.urlsafe_b64encode(canonical_bytes(envelope_json(envelope))).decode().rstrip("=")


def read_lease_header(text: str) -> object:
    """The JSON document in a `ClawForge-Lease` header; only the exact spelling of `lease_header` is accepted.

    Raises UntrustedError (`bad-envelope`).
    """
    import orjson

    refusal = UntrustedError("The lease of the answer is missing or malformed.", code="bad-envelope")
    if not text or len(text) > HEADER_LIMIT:
        raise refusal
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        value: object = orjson.loads(raw)
    except (binascii.Error, ValueError) as error:
        raise refusal from error
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text or canonical_bytes(value) != raw:
        raise refusal
    return value


def freshness(lease: Lease, offline: EffectiveOffline, now: dt.datetime) -> Freshness:
    """Whether the policy that the lease vouches for still holds at `now`.

    The lease ends at its own end or, if the policy is stricter, `offline.lease` after it was issued. In mode `block`
    that is the end; in mode `cached` the agent goes on until `offline.max_stale` after the lease was issued.
    """
    lease_end = min(lease.until, lease.issued_at + dt.timedelta(seconds=offline.lease))
    stale_end = lease.issued_at + dt.timedelta(seconds=offline.max_stale)
    if now < min(lease_end, stale_end):
        return Freshness.FRESH
    if offline.mode is OfflineMode.CACHED and now < stale_end:
        return Freshness.CACHED
    return Freshness.EXPIRED
