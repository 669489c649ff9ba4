"""The open event streams of agents. A stream holds one piece of news at most, the newest, however slow its reader."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from clawforge.errors import UnavailableError
from clawforge.wire_events import EventName
from clawforge_server.state.offers import Offer
from clawforge_server.state.org_state import OrgState

_MOST = 50_000
_MOST_OF_ONE = 2
"""A new stream of an instance may begin before the server knows that the old one's line is dead."""
_RETRY_SECONDS = 30.0


class EventStream:
    """One stream. Used from the event loop alone.

    `looked` is the state of the org that was looked at last for it, `offered` what that said. `spoken` and `leased` are
    when it was given anything last, and a lease; `writing` is since when its reader takes nothing, None while it takes
    what comes. Readings of the loop's clock. `wanted` is the mark of the last refresh that it was told of,
    `message` the number of the last message.
    """

    __slots__ = (
        "_asked",
        "_ended",
        "_news",
        "_ping",
        "_stirred",
        "_told",
        "credential",
        "instance",
        "leased",
        "looked",
        "message",
        "offered",
        "org",
        "spoken",
        "task",
        "wanted",
        "writing",
    )

    def __init__(
        self, org: str, instance: str, credential: str, told: tuple[int, int] | None, now: float, wanted: int = 0
    ) -> None:
        self.org = org
        self.instance = instance
        self.credential = credential
        self.looked: OrgState | None = None
        self.offered: Offer | None = None
        self.spoken = now
        self.leased = now
        self.writing: float | None = None
        self.task: asyncio.Task[object] | None = None
        self.wanted = wanted
        self.message = 0
        self._told: Offer | tuple[int, int] | None = told
        self._news: tuple[Offer, bytes] | None = None
        self._ping = False
        self._asked: frozenset[EventName] = frozenset()
        self._ended: str | None = None
        self._stirred = asyncio.Event()

    @property
    def ended(self) -> str | None:
        """The code of why it ends; None as long as it goes on."""
        return self._ended

    def tell(self, offer: Offer, data: bytes, now: float, *, asked: frozenset[EventName] = frozenset()) -> None:
        """Give it news, or have its reader ask for something. What it was not able to tell before is forgotten, for the
        new data say all of it; but for what the reader should ask is not."""
        self._news = (offer, data)
        self._asked |= asked
        self.offered = offer
        self.spoken = self.leased = now
        self._stirred.set()

    def ping(self, now: float) -> None:
        """Show that the line is alive."""
        self._ping = True
        self.spoken = now
        self._stirred.set()

    def end(self, code: str) -> None:
        """Say that it is over, and why."""
        self._ended = self._ended or code
        self._stirred.set()

    async def chunk(self) -> tuple[bytes, bool]:
        """Wait for the next piece of text; whether it is the last one."""
        await self._stirred.wait()
        self._stirred.clear()
        parts = []
        if self._news is not None:
            offer, data = self._news
            names = _names(self._told, offer, self._asked)
            parts = [b"id: %d-%d\nevent: %b\ndata: %b\n\n" % (*offer.counters, name.encode(), data) for name in names]
            self._told = offer
        elif self._ping:
            parts = [b": ping\n\n"]
        self._news, self._ping, self._asked = None, False, frozenset()
        if self._ended is not None:
            parts.append(f"event: end\ndata: {self._ended}\n\n".encode())
        return b"".join(parts), self._ended is not None


def _names(told: Offer | tuple[int, int] | None, offer: Offer, asked: frozenset[EventName]) -> tuple[EventName, ...]:
    """What changed since the reader was told last; `told` is only the counters if that was on another stream."""
    if isinstance(told, Offer):
        kill = told.kill != offer.kill
        policy = (told.digest, told.overlays) != (offer.digest, offer.overlays)
    else:
        policy = told != offer.counters
        kill = policy and bool(offer.kill)
    said: tuple[tuple[EventName, bool], ...] = (("kill", kill), ("policy", policy))
    return (*(name for name, holds in said if holds), *sorted(asked)) or ("lease",)


class EventStreams:
    """Every open stream. Used from the event loop alone; memory is bounded."""

    def __init__(self, *, most: int = _MOST, most_of_one: int = _MOST_OF_ONE) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._by_org: dict[str, dict[EventStream, None]] = {}
        self._by_instance: dict[tuple[str, str], list[EventStream]] = {}
        self._count = 0

    @property
    def by_org(self) -> Mapping[str, Mapping[EventStream, None]]:
        """The streams of every org that has any, oldest first."""
        return self._by_org

    def add(self, stream: EventStream) -> None:
        """Take a stream in; the oldest of an instance that has too many ends. Raises UnavailableError."""
        if self._count >= self._most:
            raise UnavailableError(
                "The server has as many event streams open as it can.",
                hint="Poll for the policy: everything that a stream says comes that way too.",
                code="too-many-streams",
                retry_after=_RETRY_SECONDS,
            )
        own = self._by_instance.setdefault((stream.org, stream.instance), [])
        for old in own[: max(0, len(own) + 1 - self._most_of_one)]:
            old.end("replaced")
        own.append(stream)
        self._by_org.setdefault(stream.org, {})[stream] = None
        self._count += 1

    def remove(self, stream: EventStream) -> None:
        """The stream is closed."""
        own = self._by_instance.get((stream.org, stream.instance), [])
        if stream not in own:
            return
        own.remove(stream)
        if not own:
            del self._by_instance[stream.org, stream.instance]
        streams = self._by_org[stream.org]
        del streams[stream]
        if not streams:
            del self._by_org[stream.org]
        self._count -= 1
