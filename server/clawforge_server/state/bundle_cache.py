"""Signed bundles by instance, so that each is built and signed once a serial."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections import OrderedDict
from dataclasses import dataclass

from clawforge.bundle import Counters, build_bundle, lease_for, sign_bundle
from clawforge.dsse import Envelope, envelope_json
from clawforge.errors import NotFoundError
from clawforge.fleet_drift import Standing
from clawforge.lease import Lease, sign_lease
from clawforge.resolve.subject import Subject
from clawforge.wire import PolicyAnswer
from clawforge_server.state.emergency_orders import emergency_orders
from clawforge_server.state.lifted import lifted_for
from clawforge_server.state.org_keys import OrgKeys
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord, OrgRecord

_MOST = 20_000
_MOST_BYTES = 512 * 1024 * 1024
_REMEMBERED = 4
"""Bundles of one instance of which it is known what they were made for: an agent acknowledges one a poll later."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What a bundle was made for."""

    digest: str
    revision: int
    serial: int


@dataclass(frozen=True, slots=True)
class ServedBundle:
    """A bundle as it is served: its digest, the body of a 200, and a lease of it from which fresh ones are made.

    `issues` are the bundles that this instance was served lately, this one first.
    """

    instance: InstanceRecord
    counters: tuple[int, int]
    digest: str
    body: bytes
    lease: Lease
    issues: tuple[Issue, ...]

    @property
    def revision(self) -> int:
        """The revision whose policies it holds."""
        return self.issues[0].revision


class BundleCache:
    """Used from any thread. Memory is bounded: by the number of bundles, and by the bytes of their bodies."""

    def __init__(self, *, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._bundles: OrderedDict[tuple[str, str], ServedBundle] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, state: OrgState, instance: InstanceRecord) -> ServedBundle | None:
        """The bundle of this state if it was built before; never blocks for long."""
        record, _ = _live(state)
        with self._lock:
            found = self._bundles.get((instance.org, instance.name))
            if found is None or found.counters != (record.epoch, record.serial) or not _same(found.instance, instance):
                return None
            self._bundles.move_to_end((instance.org, instance.name))
            return found

    def get(self, state: OrgState, instance: InstanceRecord) -> ServedBundle:
        """The bundle of this state, built and signed if need be."""
        found = self.peek(state, instance)
        if found is None:
            found = _served(state, instance)
            with self._lock:
                before = self._bundles.get((instance.org, instance.name))
                if before is not None:
                    found = dataclasses.replace(found, issues=(*found.issues, *before.issues)[:_REMEMBERED])
                    self._bytes -= len(before.body)
                self._bundles[instance.org, instance.name] = found
                self._bundles.move_to_end((instance.org, instance.name))
                self._bytes += len(found.body)
                while len(self._bundles) > max(1, self._most) or (
                    self._bytes > self._most_bytes and len(self._bundles) > 1
                ):
                    self._bytes -= len(self._bundles.popitem(last=False)[1].body)
        return found

    def issued(self, org: str, instance: str, digest: str) -> Issue | None:
        """What the bundle of this digest was made for; None if that is not in memory. Never blocks for long."""
        with self._lock:
            found = self._bundles.get((org, instance))
        return next((issue for issue in found.issues if issue.digest == digest), None) if found is not None else None


def _same(one: InstanceRecord, other: InstanceRecord) -> bool:
    """Whether they are one subject: what an instance reports changes no bundle."""
    return one is other or (one.user, one.groups, one.tags) == (other.user, other.groups, other.tags)


def signed_lease(state: OrgState, bundle: ServedBundle, now: dt.datetime) -> Envelope:
    """A fresh lease of a bundle. Times are whole seconds."""
    _, keys = _live(state)
    issued = now.replace(microsecond=0)
    until = issued + (bundle.lease.until - bundle.lease.issued_at)
    return sign_lease(bundle.lease.model_copy(update={"issued_at": issued, "until": until}), keys.online)


def subject_of(instance: InstanceRecord) -> Subject:
    """The subject that an instance is; agent and context vary from call to call."""
    return Subject(user=instance.user, instance=instance.name, groups=instance.groups, tags=dict(instance.tags))


def machine_of(instance: InstanceRecord) -> Standing:
    """The machine as selectors see it, whatever it reported."""
    return Standing(instance.name, instance.user, instance.groups, tuple(sorted(instance.tags.items())), None, None)


def _served(state: OrgState, instance: InstanceRecord) -> ServedBundle:
    record, keys = _live(state)
    # The org's day, not the clock's: within one serial every bundle begins with the same day, whatever the clock does.
    day = dt.datetime.combine(record.horizon_day, dt.time(), dt.UTC)
    subject = subject_of(instance)
    serving = state.serving(machine_of(instance))
    bundle = build_bundle(
        serving.model,
        subject,
        org=state.name,
        counters=Counters(record.epoch, record.serial, serving.number),
        now=day,
        positions=serving.positions,
        commit=serving.commit,
        signers=() if serving.made is None else serving.made.signers,
        approvers=() if serving.made is None else serving.made.approvers,
        overlays=lifted_for(state, subject),
    )
    lease = lease_for(bundle, kill=emergency_orders(state, subject), now=day)
    answer = PolicyAnswer(keys=keys.key_set, bundle=envelope_json(sign_bundle(bundle, keys.online)))
    return ServedBundle(
        instance=instance,
        counters=(record.epoch, record.serial),
        digest=lease.bundle,
        body=answer.model_dump_json(by_alias=True).encode(),
        lease=lease,
        issues=(Issue(lease.bundle, serving.number, record.serial),),
    )


def _live(state: OrgState) -> tuple[OrgRecord, OrgKeys]:
    if state.record is None or state.keys is None:
        raise NotFoundError(f"The org {state.name!r} has no policy yet.", code="unknown-org")
    return state.record, state.keys
