"""Leases as they are sent, signed once a second and instance at the most."""

from __future__ import annotations

import datetime as dt
import weakref
from collections import OrderedDict
from dataclasses import dataclass

from clawforge.dsse import envelope_json
from clawforge.lease import lease_header, sign_lease
from clawforge.wire import HEADER_LEASE, HEADER_REVISION, HeartbeatAnswer
from clawforge_server.state.offers import Offer, known_offer, lease_of
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class SignedLease:
    """The offer of one state to an instance, with a lease that was signed in the second `second`: as headers of an
    answer to a poll, and as the body of one to a heartbeat. `etag` is the tag of the bundle that is offered. The state
    is not kept alive: an agent that asks no more must not hold a whole org of long ago."""

    state: weakref.ref[OrgState]
    instance: InstanceRecord
    second: int
    offer: Offer
    etag: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class SignedLeases:
    """Used from the event loop alone; memory is bounded."""

    def __init__(self) -> None:
        self._leases: OrderedDict[str, SignedLease] = OrderedDict()

    def get(self, state: OrgState, instance: InstanceRecord, now: dt.datetime) -> SignedLease | None:
        """The lease of this second; None if it takes more work than a signature to know what is offered."""
        second = int(now.timestamp())
        found = self._leases.get(instance.sha256)
        if found is not None and found.second == second and found.state() is state and found.instance is instance:
            return found
        offer = known_offer(state, instance)
        if offer is None or state.keys is None:
            return None
        found = _signed(state, instance, offer, now, second)
        self._leases[instance.sha256] = found
        self._leases.move_to_end(instance.sha256)
        if len(self._leases) > _MOST:
            self._leases.popitem(last=False)
        return found


def _signed(state: OrgState, instance: InstanceRecord, offer: Offer, now: dt.datetime, second: int) -> SignedLease:
    if state.keys is None:
        raise LookupError("an org with a policy has keys")
    envelope = sign_lease(lease_of(instance.org, instance.name, offer, now), state.keys.online)
    etag = f'"{offer.digest}"'
    headers = (
        (b"etag", etag.encode()),
        (HEADER_LEASE.lower().encode(), lease_header(envelope).encode()),
        (HEADER_REVISION.lower().encode(), b"%d" % offer.revision),
        (b"cache-control", b"no-store"),
    )
    answer = HeartbeatAnswer(digest=offer.digest, lease=envelope_json(envelope))
    return SignedLease(
        weakref.ref(state),
        instance,
        second,
        offer,
        etag,
        headers,
        answer.model_dump_json(by_alias=True, exclude={"messages"}).encode(),
    )
