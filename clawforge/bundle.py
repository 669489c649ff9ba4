"""Bundles: everything that one instance needs to decide for the next seven days, signed (SPEC.md 5).

The digest covers what is decided, variants and policies; positions, commit, signers and approvers stand outside of it,
so that a moved file or an edited comment wakes no agent. How long a bundle may be used is not in it but in the lease.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints, ValidationError

from clawforge.canonical import canonical_bytes, digest
from clawforge.dsse import Envelope, sign, verify
from clawforge.effective import Effective, EffectiveOffline, Source, effective_digest, effective_json
from clawforge.errors import InputError, UntrustedError
from clawforge.keys import Counter, KeySet, SigningKey
from clawforge.lease import Lease
from clawforge.overlay.runtime_overlay import MOST_OVERLAYS, RuntimeOverlay, in_order, overlays_digest
from clawforge.resolve.variants import Variant, horizon, select_variant, variants
from clawforge.resource.meta import Name, Sha256, Strict, SubjectName
from clawforge.resource.policy import OfflineMode

if TYPE_CHECKING:
    from clawforge.decide.request import KillOrder
    from clawforge.position import Positions
    from clawforge.resolve.org import OrgModel
    from clawforge.resolve.subject import Subject

BUNDLE_TYPE = "application/vnd.clawforge.bundle+json"


class Bundle(Strict):
    """The policies of one instance, and which of them holds through which agent, in which context, at which time."""

    schema_: Annotated[Literal["clawforge.bundle/v1"], Field(alias="schema")] = "clawforge.bundle/v1"
    org: Name
    instance: SubjectName
    user: SubjectName
    groups: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    epoch: Counter
    serial: Counter
    revision: Counter
    variants: tuple[Variant, ...]
    policies: dict[Sha256, Effective]
    provenance: dict[Sha256, dict[str, tuple[Source, ...]]] = {}
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")] | None = None
    signers: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    overlays: Annotated[tuple[RuntimeOverlay, ...], Field(max_length=MOST_OVERLAYS)] = ()

    @property
    def counters(self) -> tuple[int, int]:
        """(epoch, serial), which only grow."""
        return (self.epoch, self.serial)

    def variant_at(self, agent: str | None, context: str | None, at: dt.datetime) -> Variant | None:
        """The variant that holds; None means that the bundle says nothing about that moment."""
        return select_variant(self.variants, agent, context, at)


class Counters(NamedTuple):
    """What the control plane counts: see SPEC.md 6."""

    epoch: int
    serial: int
    revision: int


def bundle_json(bundle: Bundle) -> dict[str, Any]:
    """The bundle as it is signed; absent optional values are left out, and so are signers where there are none: agents
    that do not know of them refuse what they do not know."""
    left_out = {"policies", "variants"} if bundle.signers else {"policies", "variants", "signers"}
    body = bundle.model_dump(mode="json", by_alias=True, exclude=left_out, exclude_none=True)
    return {**body, **_decided(bundle.variants, bundle.policies)}


def bundle_digest(bundle: Bundle) -> str:
    """Digest over variants and policies: what is decided, not where it is written."""
    return digest(_decided(bundle.variants, bundle.policies))


class WantedBundle(NamedTuple):
    """The digest of a bundle, and for how many seconds a lease of it lasts."""

    digest: str
    lease: int


def wanted_bundle(model: OrgModel, subject: Subject, now: dt.datetime) -> WantedBundle:
    """What a lease says of the bundle that `build_bundle` makes, without making it. Subjects of one static class,
    suspended or not, have the same: who they are is no part of what is decided.
    """
    found, resolutions = variants(model, subject, *horizon(now))
    policies = {name: item.effective for name, item in resolutions.items()}
    return WantedBundle(digest(_decided(found, policies)), _lease_seconds(policies.values()))


def _decided(found: Sequence[Variant], policies: Mapping[str, Effective]) -> dict[str, Any]:
    return {
        "variants": [item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in found],
        "policies": {name: effective_json(policy) for name, policy in policies.items()},
    }


def build_bundle(
    model: OrgModel,
    subject: Subject,
    *,
    org: str,
    counters: Counters,
    now: dt.datetime,
    positions: Positions,
    commit: str | None = None,
    signers: tuple[str, ...] = (),
    approvers: tuple[str, ...] = (),
    overlays: tuple[RuntimeOverlay, ...] = (),
) -> Bundle:
    """The bundle of one instance for the seven whole days (UTC) that begin with the day of `now`.

    The digest stays the same within a day as long as nothing that concerns the subject changes; at midnight UTC it
    changes with the horizon, so the caller's serial has to grow then. Raises InputError for a subject without an
    instance.
    """
    from clawforge.resolve.provenance import locate

    if subject.instance is None:
        raise InputError("A bundle is made for an instance; this subject has none.")
    start, end = horizon(now)
    found, resolutions = variants(model, subject, start, end)
    facts = model.facts(subject)
    return Bundle(
        org=org,
        instance=subject.instance,
        user=subject.user,
        groups=tuple(sorted(facts.groups)),
        tags=dict(sorted(facts.tags.items())),
        epoch=counters.epoch,
        serial=counters.serial,
        revision=counters.revision,
        variants=tuple(found),
        policies={name: item.effective for name, item in sorted(resolutions.items())},
        provenance={name: dict(locate(item.provenance, positions)) for name, item in sorted(resolutions.items())},
        commit=commit,
        signers=signers,
        approvers=approvers,
        overlays=carried(overlays, suspended=facts.suspended),
    )


def carried(overlays: Sequence[RuntimeOverlay], *, suspended: bool) -> tuple[RuntimeOverlay, ...]:
    """The overlays of a bundle, in their order. Nothing is lifted for a suspended user; and of more than a bundle may
    carry the first to begin count, for each of them only opens."""
    return () if suspended else in_order(overlays)[:MOST_OVERLAYS]


def sign_bundle(bundle: Bundle, key: SigningKey) -> Envelope:
    """The bundle, signed by an online key."""
    return sign(canonical_bytes(bundle_json(bundle)), BUNDLE_TYPE, key)


def open_bundle(envelope: Envelope, key_set: KeySet) -> Bundle:
    """The bundle, verified before it is parsed, complete and consistent in itself.

    Raises UntrustedError: the codes of `dsse.verify`, and `bad-document` for a signed document that is no bundle, names
    a policy that it does not hold, or holds one under another digest than its own.
    """
    payload = verify(envelope, key_set.trusted, BUNDLE_TYPE)
    try:
        bundle = Bundle.model_validate_json(payload, strict=True)
    except ValidationError as error:
        raise UntrustedError(
            "The signed bundle cannot be read; it may be of a newer version.",
            hint="Update clawforge on this machine.",
            code="bad-document",
        ) from error
    for name, policy in bundle.policies.items():
        if effective_digest(policy) != name:
            raise UntrustedError(
                "A policy of the bundle does not have the digest it is filed under.", code="bad-document"
            )
    if any(variant.digest not in bundle.policies for variant in bundle.variants):
        raise UntrustedError("A variant of the bundle names a policy that is not in it.", code="bad-document")
    return bundle


def lease_for(bundle: Bundle, *, kill: tuple[KillOrder, ...], now: dt.datetime) -> Lease:
    """The lease of a bundle, as long as the strictest of its policies lets it be; kills in a fixed order, because the
    same serial must never carry other content."""
    return Lease(
        org=bundle.org,
        instance=bundle.instance,
        epoch=bundle.epoch,
        serial=bundle.serial,
        bundle=bundle_digest(bundle),
        kill=tuple(sorted(kill, key=lambda order: (order.scope, order.reason, order.message))),
        overlays=overlays_digest(bundle.overlays),
        issued_at=now,
        until=now + dt.timedelta(seconds=_lease_seconds(bundle.policies.values())),
    )


def _lease_seconds(policies: Iterable[Effective]) -> int:
    return max(1, min((policy.enforced.offline.lease for policy in policies), default=EffectiveOffline().lease))


def strictest_offline(bundle: Bundle) -> EffectiveOffline:
    """The strictest offline behaviour of all its policies; the length of leases and the pace of polling follow it."""
    rules = [policy.enforced.offline for policy in bundle.policies.values()] or [EffectiveOffline()]
    strictest = {
        "mode": OfflineMode.BLOCK if any(rule.mode is OfflineMode.BLOCK for rule in rules) else OfflineMode.CACHED,
        "lease": min(rule.lease for rule in rules),
        "max_stale": min(rule.max_stale for rule in rules),
    }
    return EffectiveOffline().model_copy(update=strictest)


def longest_stale(bundle: Bundle) -> int:
    """Seconds after the issue of a lease from which on none of its policies lets an agent go on."""
    return max((policy.enforced.offline.max_stale for policy in bundle.policies.values()), default=0)
