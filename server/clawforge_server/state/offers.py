"""What an instance should hold now: the content of its lease, known without building its bundle."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from clawforge.bundle import WantedBundle
from clawforge.decide.request import KillOrder
from clawforge.lease import Lease
from clawforge.overlay.runtime_overlay import overlays_digest
from clawforge_server.state.bundle_cache import machine_of, subject_of
from clawforge_server.state.emergency_orders import emergency_orders, shut_in_orders
from clawforge_server.state.lifted import lifted_for
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord

_NO_OVERLAYS = overlays_digest(())


class Offer(NamedTuple):
    """Everything that a lease says beside its time. `lease` is how many seconds it lasts."""

    epoch: int
    serial: int
    revision: int
    digest: str
    lease: int
    kill: tuple[KillOrder, ...]
    overlays: str

    def same_as(self, other: Offer) -> bool:
        """Whether nothing but the counters differs, so that an agent need not hear of it."""
        return (self.digest, self.kill, self.overlays) == (other.digest, other.kill, other.overlays)

    @property
    def counters(self) -> tuple[int, int]:
        """(epoch, serial), which only grow."""
        return (self.epoch, self.serial)


def offer_to(state: OrgState, instance: InstanceRecord) -> Offer:
    """The offer to an instance; the first one of its class takes some work. Raises UnavailableError for
    an org without a policy."""
    machine = machine_of(instance)
    serving = state.serving(machine)
    return _offer(state, instance, serving.number, serving.wanted(state.day).bundle_of(machine))


def known_offer(state: OrgState, instance: InstanceRecord) -> Offer | None:
    """The offer to an instance if it takes no work, so that the event loop may ask."""
    machine = machine_of(instance)
    serving = state.serving(machine)
    found = serving.wanted(state.day).known(machine)
    return None if found is None else _offer(state, instance, serving.number, found)


def _offer(state: OrgState, instance: InstanceRecord, revision: int, wanted: WantedBundle) -> Offer:
    if state.record is None:
        raise LookupError("an org whose bundles are known has counters")
    # Every poll comes by here, and hardly ever is anything stopped.
    orders = emergency_orders(state, subject_of(instance)) if state.kills else shut_in_orders(state, instance.name)
    return Offer(
        epoch=state.record.epoch,
        serial=state.record.serial,
        revision=revision,
        digest=wanted.digest,
        lease=wanted.lease,
        kill=tuple(sorted(orders, key=lambda order: (order.scope, order.reason, order.message))),
        overlays=_lifted_digest(state, instance),
    )


def _lifted_digest(state: OrgState, instance: InstanceRecord) -> str:
    if instance.name not in state.lifting:
        return _NO_OVERLAYS
    return overlays_digest(lifted_for(state, subject_of(instance)))


def lease_of(org: str, instance: str, offer: Offer, now: dt.datetime) -> Lease:
    """A fresh lease. Times are whole seconds."""
    issued = now.replace(microsecond=0)
    return Lease(
        org=org,
        instance=instance,
        epoch=offer.epoch,
        serial=offer.serial,
        bundle=offer.digest,
        kill=offer.kill,
        overlays=offer.overlays,
        issued_at=issued,
        until=issued + dt.timedelta(seconds=offer.lease),
    )
