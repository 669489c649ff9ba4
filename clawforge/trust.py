"""What an agent believes, and why: pure transitions over durable state.

The state remembers the newest lease ever verified, so counters never go back and a kill never vanishes, and beside it
what is in force: a bundle and the lease that vouches for it, which replace their predecessors together or not at all.
Time is a parameter; the caller passes a clock that cannot be set back.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from clawforge.bundle import Bundle, bundle_digest, longest_stale, open_bundle
from clawforge.decide.request import KillOrder
from clawforge.dsse import Envelope, read_envelope
from clawforge.errors import UntrustedError
from clawforge.keys import KeySet, decode_public_key, open_key_set, verify_key_set
from clawforge.lease import Lease, open_lease
from clawforge.overlay.runtime_overlay import overlays_digest
from clawforge.resource.meta import Instant, Name, Strict, SubjectName

REFETCH_CODES = frozenset({"unknown-key", "epoch-mismatch", "expired-keyset", "lease-bundle-mismatch", "nothing-held"})
"""Refusals of a 304 that a full answer may cure: ask again without `If-None-Match`."""


class InForce(Strict):
    """The envelopes that an agent enforces, and the key set that they were verified with."""

    keys: Envelope
    bundle: Envelope
    lease: Envelope


class TrustState(Strict):
    """Durable memory of an agent. `seen` is the newest lease that was ever verified, whether or not its bundle came
    into force; `keys` the newest key set; `high_water` a moment that is known to have passed."""

    schema_: Annotated[Literal["clawforge.trust/v1"], Field(alias="schema")] = "clawforge.trust/v1"
    org: Name
    instance: SubjectName
    user: SubjectName
    root_key: str
    keys: Envelope
    seen: Lease | None = None
    in_force: InForce | None = None
    high_water: Instant


@dataclass(frozen=True, slots=True)
class Answer:
    """Envelopes of one answer of the control plane as decoded JSON; without `bundle` it said "not modified". `message`
    is the number of a message that waits, 0 for none: a hint, which nobody signed."""

    lease: object
    keys: object | None = None
    bundle: object | None = None
    message: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What is in force, verified and parsed, and the kills of the newest lease, which may be newer."""

    bundle: Bundle
    digest: str
    lease: Lease
    kill: tuple[KillOrder, ...]


def new_trust(*, org: str, instance: str, user: str, root_key: str, keys: object, now: dt.datetime) -> TrustState:
    """The state right after enrolment: a pinned root, a key set that it vouches for, and no policy.

    Raises UntrustedError as `verify_key_set`.
    """
    envelope = read_envelope(keys)
    verify_key_set(envelope, decode_public_key(root_key), org=org, now=now)
    return TrustState(org=org, instance=instance, user=user, root_key=root_key, keys=envelope, high_water=now)


def held(state: TrustState) -> Held | None:
    """What the state says is in force, verified again from the root on; None if there is nothing yet.

    Raises UntrustedError if it does not hold together.
    """
    if state.in_force is None:
        return None
    key_set = open_key_set(state.in_force.keys, decode_public_key(state.root_key), org=state.org)
    lease = open_lease(state.in_force.lease, key_set)
    bundle = open_bundle(state.in_force.bundle, key_set)
    _check_identity(state, lease)
    _check_identity(state, bundle)
    found = _check_pair(bundle, lease)
    if state.seen is None or lease.counters > state.seen.counters:
        raise UntrustedError("The stored policy is newer than what was ever seen.", code="bad-state")
    return Held(bundle, found, lease, state.seen.kill)


def witness(state: TrustState, answer: Answer, now: dt.datetime) -> TrustState:
    """The state after verifying only keys and lease: counters and kills count even if the bundle is refused.

    Raises UntrustedError: `bad-envelope`, `wrong-type`, `unknown-key`, `bad-signature`, `bad-document`,
    `expired-keyset`, `foreign-org`, `foreign-instance`, `epoch-mismatch`, `rollback`, `same-serial-other-digest`.
    """
    keys, key_set = _newer_keys(state, answer, now)
    lease = open_lease(read_envelope(answer.lease), key_set)
    _check_identity(state, lease)
    if lease.epoch != key_set.epoch:
        # The root alone says which epoch it is; a stolen online key cannot run ahead of it.
        raise UntrustedError(f"The lease has epoch {lease.epoch}, the key set {key_set.epoch}.", code="epoch-mismatch")
    seen = state.seen
    if seen is not None:
        _check_not_older(lease, seen)
        if lease.counters == seen.counters and lease.issued_at < seen.issued_at:
            lease = seen
    high_water = max(state.high_water, lease.issued_at)
    return state.model_copy(update={"keys": keys, "seen": lease, "high_water": high_water})


def accept_answer(state: TrustState, answer: Answer, now: dt.datetime) -> TrustState:
    """The state after an answer whose bundle, or whose renewed lease for the held bundle, comes into force.

    Raises UntrustedError with the codes of `witness` and `lease-bundle-mismatch` or, for a 304, `nothing-held`; the
    given state then stays as it was.
    """
    witnessed = witness(state, answer, now)
    key_set = open_key_set(witnessed.keys, decode_public_key(state.root_key), org=state.org)
    lease_envelope = read_envelope(answer.lease)
    lease = open_lease(lease_envelope, key_set)
    if answer.bundle is not None:
        bundle_envelope = read_envelope(answer.bundle)
        bundle = _fresh_bundle(witnessed, open_bundle(bundle_envelope, key_set), lease)
    elif state.in_force is not None:
        bundle_envelope = state.in_force.bundle
        bundle = open_bundle(bundle_envelope, key_set)
    else:
        raise UntrustedError("The server says that nothing changed, but nothing is held.", code="nothing-held")
    _check_pair(bundle, lease)
    if state.in_force is not None and _replaces_newer(state.in_force.lease, lease, key_set):
        lease_envelope = state.in_force.lease
    in_force = InForce(keys=witnessed.keys, bundle=bundle_envelope, lease=lease_envelope)
    return witnessed.model_copy(update={"in_force": in_force})


def pass_time(state: TrustState, holding: Held, now: dt.datetime) -> TrustState:
    """The state with `now` remembered as passed, so that setting the clock back and starting again extends nothing.

    The mark stops where what is held is dead anyway (`maxStale` after its lease): a clock that once ran far ahead would
    otherwise refuse every later lease.
    """
    dead = holding.lease.issued_at + dt.timedelta(seconds=longest_stale(holding.bundle))
    mark = max(state.high_water, min(now, dead))
    return state if mark == state.high_water else state.model_copy(update={"high_water": mark})


def _newer_keys(state: TrustState, answer: Answer, now: dt.datetime) -> tuple[Envelope, KeySet]:
    root = decode_public_key(state.root_key)
    known = open_key_set(state.keys, root, org=state.org)
    if answer.keys is None:
        return state.keys, verify_key_set(state.keys, root, org=state.org, now=now)
    envelope = read_envelope(answer.keys)
    key_set = verify_key_set(envelope, root, org=state.org, now=now, min_epoch=known.epoch)
    if key_set.epoch > known.epoch or key_set.expires >= known.expires:
        return envelope, key_set
    if key_set.keys == known.keys:
        return state.keys, known  # another signature over the same keys, which only ends earlier
    # Rotation keeps the epoch, so an older key set would bring a retired key back.
    raise UntrustedError("The key set is older than one that was seen before.", code="rollback")


def _check_identity(state: TrustState, document: Lease | Bundle) -> None:
    if document.org != state.org:
        raise UntrustedError(
            f"The document belongs to the org {document.org!r}, not to {state.org!r}.", code="foreign-org"
        )
    if document.instance != state.instance:
        raise UntrustedError(
            f"The document belongs to the instance {document.instance!r}, not to {state.instance!r}.",
            code="foreign-instance",
        )


def _check_not_older(lease: Lease, seen: Lease) -> None:
    if lease.counters < seen.counters:
        raise UntrustedError(
            f"The lease has epoch {lease.epoch} and serial {lease.serial}; {seen.epoch} and {seen.serial} were seen.",
            hint="If the control plane was restored from a backup, its epoch must be raised.",
            code="rollback",
        )
    same = (lease.bundle, lease.kill, lease.overlays) == (seen.bundle, seen.kill, seen.overlays)
    if lease.counters == seen.counters and not same:
        raise UntrustedError(
            f"Serial {lease.serial} was seen before with other content.", code="same-serial-other-digest"
        )


def _fresh_bundle(state: TrustState, bundle: Bundle, lease: Lease) -> Bundle:
    _check_identity(state, bundle)
    if bundle.counters < lease.counters:
        raise UntrustedError(
            f"The bundle has serial {bundle.serial}, its lease {lease.serial}: it is older.", code="rollback"
        )
    if bundle.counters != lease.counters:
        raise UntrustedError("Bundle and lease are of different serials.", code="lease-bundle-mismatch")
    return bundle


def _check_pair(bundle: Bundle, lease: Lease) -> str:
    """The digest of the bundle, if the lease vouches for exactly it."""
    found = bundle_digest(bundle)
    if found != lease.bundle or overlays_digest(bundle.overlays) != lease.overlays:
        raise UntrustedError("The lease is for another bundle.", code="lease-bundle-mismatch")
    return found


def _replaces_newer(held_lease: Envelope, late: Lease, key_set: KeySet) -> bool:
    """Whether a lease that arrived late would replace a newer one of the same serial."""
    try:
        before = open_lease(held_lease, key_set)
    except UntrustedError:
        return False  # its key was retired; the late lease is weaker, but vouched for
    return before.counters == late.counters and before.issued_at > late.issued_at
