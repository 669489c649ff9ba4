"""Giving every open stream its news: one task for all of them, so that ten thousand streams cost no timer each.

Whatever changes is made once for each instance, and told to all; whether their credentials are still good is looked at
every second.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import itertools
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeVar

import anyio.to_thread
import orjson

from clawforge.dsse import envelope_json
from clawforge.errors import ClawforgeError
from clawforge.keys import SigningKey
from clawforge.lease import sign_lease
from clawforge.wire_events import AgentNews, EventName
from clawforge_server.clock import Clock
from clawforge_server.log import failure_fields, logger
from clawforge_server.state.event_streams import EventStream, EventStreams
from clawforge_server.state.instance_directory import InstanceDirectory
from clawforge_server.state.message_board import MessageBoard
from clawforge_server.state.offers import Offer, known_offer, lease_of, offer_to
from clawforge_server.state.org_state import OrgState
from clawforge_server.state.org_states import OrgStates
from clawforge_server.state.refreshes import Refreshes
from clawforge_server.state.wakeups import Wakeups
from clawforge_server.store.port import Store
from clawforge_server.store.records import InstanceRecord

_Value = TypeVar("_Value")

_LOOK_SECONDS = 1.0
_PING_SECONDS = 15.0
_STALL_SECONDS = 20.0
_SHORTEST_LEASE_PACE = 1.0
_AT_ONCE = 50
"""How many streams are told, or looked up, before other requests have their turn."""


class AgentEvents:
    """Tells the streams of one control plane. Used from the event loop alone."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        states: OrgStates,
        instances: InstanceDirectory,
        wakeups: Wakeups,
        refreshes: Refreshes,
        messages: MessageBoard,
        threads: anyio.CapacityLimiter,
    ) -> None:
        self._store = store
        self._clock = clock
        self._states = states
        self._instances = instances
        self._wakeups = wakeups
        self._refreshes = refreshes
        self._messages = messages
        self._threads = threads
        self._streams = EventStreams()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        wakeups.listen(self._heard)

    def open(self, stream: EventStream) -> None:
        """Take a stream in, which will be told the present state at once. Raises UnavailableError."""
        self._streams.add(stream)
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def close(self, stream: EventStream) -> None:
        """The stream is closed."""
        self._streams.remove(stream)

    def _heard(self, org: str) -> None:
        if not org or org in self._streams.by_org:
            self._news.set()

    async def _run(self) -> None:
        """Until there is no stream any more."""
        streams = self._streams.by_org
        while streams:
            for org in list(streams):
                try:
                    await self._look(org, list(streams.get(org, ())))
                except Exception as error:  # One org's trouble must not silence the others; the next round tries again.
                    logger().error("agents not told", org=org, **failure_fields(error))
            try:
                await asyncio.wait_for(self._news.wait(), _LOOK_SECONDS)
            except TimeoutError:
                continue
            finally:
                self._news.clear()

    async def _look(self, org: str, streams: Sequence[EventStream]) -> None:
        """End the streams that are over, and tell the others what is new to them."""
        if self._wakeups.closed:
            for stream in streams:
                stream.end("shutdown")
            return
        # The credentials first: whoever lost theirs is told nothing more, also if the state cannot be read.
        await self._recheck(org, [item for item in streams if self._instances.peek(item.credential) is None])
        state = self._states.peek(org)
        if state is None:
            state = await self._in_thread(functools.partial(self._states.get, org))
        now = asyncio.get_running_loop().time()
        for stream in streams:
            if stream.task is not None and _is_stalled(stream, now):
                stream.task.cancel()
        for some in _parts(item for item in streams if item.ended is None):
            await self._tell(state, some)
            await asyncio.sleep(0)

    async def _recheck(self, org: str, streams: Iterable[EventStream]) -> None:
        for some in _parts(streams):
            hashes = {stream.credential for stream in some}
            good = await self._in_thread(functools.partial(self._still_good, org, hashes))
            for stream in some:
                if stream.credential not in good:
                    stream.end("credential-ended")

    async def _tell(self, state: OrgState, streams: Sequence[EventStream]) -> None:
        now = asyncio.get_running_loop().time()
        strangers = []
        for stream in streams:
            instance = self._instances.peek(stream.credential)
            if instance is None or not (_is_due(stream, state, now) or self._is_wanted(stream)):
                continue
            offer = known_offer(state, instance)
            if offer is None:
                strangers.append((stream, instance))
            else:
                self._tell_one(stream, instance, offer, state, now)
        if strangers:
            offers = await self._in_thread(lambda: [_offer_or_none(state, instance) for _, instance in strangers])
            for (stream, instance), offer in zip(strangers, offers, strict=True):
                if offer is None:
                    # Its agent asks the route, which says why.
                    stream.end("no-policy")
                else:
                    self._tell_one(stream, instance, offer, state, now)

    def _tell_one(
        self, stream: EventStream, instance: InstanceRecord, offer: Offer, state: OrgState, now: float
    ) -> None:
        stream.looked = state
        known, asked = stream.offered, self._asked(stream)
        if asked or known is None or not known.same_as(offer) or now - stream.leased >= _lease_pace(offer):
            stream.tell(offer, self._data(state, instance, offer), now, asked=asked)
        elif now - stream.spoken >= _PING_SECONDS:
            stream.ping(now)

    def _is_wanted(self, stream: EventStream) -> bool:
        """Whether somebody wants its reader to ask, and it was not told."""
        return self._refreshes.mark(stream.org, stream.instance) > stream.wanted

    def _asked(self, stream: EventStream) -> frozenset[EventName]:
        """For what its reader should ask, beside what it should hold; it counts as told from now on."""
        mark = self._refreshes.mark(stream.org, stream.instance)
        newest = self._messages.newest(stream.org, stream.instance, self._clock.now())
        said: tuple[tuple[EventName, bool], ...] = (
            ("message", newest > stream.message),
            ("refresh", mark > stream.wanted),
        )
        stream.wanted, stream.message = max(mark, stream.wanted), max(newest, stream.message)
        return frozenset(name for name, holds in said if holds)

    def _still_good(self, org: str, hashes: Collection[str]) -> frozenset[str]:
        """Which of these are present credentials of active instances. Blocks."""
        now = self._clock.now()
        with self._store.transaction() as transaction:
            found = transaction.instances.with_credentials(org, hashes)
            good = [instance for instance in found if instance.state_at(now) == "active"]
            # Inside the transaction: a revocation that commits later finds the entries.
            for instance in good:
                self._instances.keep(instance)
        return frozenset(instance.sha256 for instance in good)

    async def _in_thread(self, work: Callable[[], _Value]) -> _Value:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    def _data(self, state: OrgState, instance: InstanceRecord, offer: Offer) -> bytes:
        if state.keys is None:
            raise LookupError("an org with a policy has keys")
        return event_data(instance.org, instance.name, offer, state.keys.online, self._clock.now())


def event_data(org: str, instance: str, offer: Offer, key: SigningKey, now: dt.datetime) -> bytes:
    """What every event to an instance carries: AgentNews with a fresh lease. JSON text holds no line break, so it is
    one `data` line."""
    news = AgentNews(
        revision=offer.revision,
        serial=offer.serial,
        digest=offer.digest,
        lease=envelope_json(sign_lease(lease_of(org, instance, offer, now), key)),
    )
    return orjson.dumps(news.model_dump(by_alias=True))


def _is_due(stream: EventStream, state: OrgState, now: float) -> bool:
    if stream.looked is not state or stream.offered is None:
        return True
    return now - stream.spoken >= _PING_SECONDS or now - stream.leased >= _lease_pace(stream.offered)


def _lease_pace(offer: Offer) -> float:
    """Seconds between leases: two may be lost before the last one ends."""
    return max(_SHORTEST_LEASE_PACE, offer.lease / 3)


def _is_stalled(stream: EventStream, now: float) -> bool:
    """Its reader takes nothing: not for long, or what it does not take is the end."""
    return stream.writing is not None and (stream.ended is not None or now - stream.writing >= _STALL_SECONDS)


def _parts(streams: Iterable[EventStream]) -> Iterable[tuple[EventStream, ...]]:
    left = iter(streams)
    while part := tuple(itertools.islice(left, _AT_ONCE)):
        yield part


def _offer_or_none(state: OrgState, instance: InstanceRecord) -> Offer | None:
    """None where no policy can be made for one instance, which must not keep the others from hearing."""
    try:
        return offer_to(state, instance)
    except ClawforgeError as error:
        logger().error("agent not told", org=instance.org, instance=instance.name, **failure_fields(error))
        return None
