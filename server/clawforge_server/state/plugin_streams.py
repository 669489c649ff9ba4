"""The open event streams of old plugins, by session."""

from __future__ import annotations

import asyncio

from clawforge.errors import UnavailableError

_MOST = 50_000
_MOST_OF_ONE = 2
"""A new stream of a session may begin before the server knows that the old one's line is dead."""
_RETRY_SECONDS = 30.0


class PluginStream:
    """One stream. Used from the event loop alone."""

    def __init__(self, session: str) -> None:
        self.session = session
        self._ended = asyncio.Event()

    @property
    def ended(self) -> bool:
        """It says nothing more."""
        return self._ended.is_set()

    def end(self) -> None:
        """Let it be over, without an error: the plugin then opens another one with its present token."""
        self._ended.set()

    async def wait(self, news: asyncio.Event, seconds: float) -> bool:
        """Until there is news, the end, or the time is over; whether there was one of the first two."""
        waiting = {asyncio.create_task(news.wait()), asyncio.create_task(self._ended.wait())}
        try:
            done, _ = await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return bool(done)


class PluginStreams:
    """Every open stream. Used from the event loop alone; memory is bounded."""

    def __init__(self, *, most: int = _MOST, most_of_one: int = _MOST_OF_ONE) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._by_session: dict[str, list[PluginStream]] = {}
        self._count = 0

    def open(self, session: str) -> PluginStream:
        """A new stream; the oldest of a session that has too many ends. Raises UnavailableError."""
        if self._count >= self._most:
            raise UnavailableError(
                "The server has as many event streams open as it can.",
                hint="The heartbeat says everything that a stream does.",
                code="too-many-streams",
                retry_after=_RETRY_SECONDS,
            )
        own = self._by_session.setdefault(session, [])
        for old in own[: max(0, len(own) + 1 - self._most_of_one)]:
            old.end()
        stream = PluginStream(session)
        own.append(stream)
        self._count += 1
        return stream

    def close(self, stream: PluginStream) -> None:
        """The stream is closed."""
        own = self._by_session.get(stream.session, [])
        if stream in own:
            own.remove(stream)
            self._count -= 1
            if not own:
                del self._by_session[stream.session]

    def end(self, session: str) -> bool:
        """End the streams of a session; whether it had any."""
        own = self._by_session.get(session, ())
        for stream in own:
            stream.end()
        return bool(own)
