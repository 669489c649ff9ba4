"""Waking whoever waits for news of an org."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Wakeups:
    """Long polls wait here. Every method but `notify` belongs to the event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[str, asyncio.Event] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._closed = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on there is somebody to wake."""
        self._loop = loop

    def notify(self, org: str) -> None:
        """Wake all who wait for this org; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, org)

    def event(self, org: str) -> asyncio.Event:
        """Set when something changes after this call; ask for it before looking at the state."""
        event = self._waiting.setdefault(org, asyncio.Event())
        if self._closed:
            event.set()
        return event

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call this with every org that there is news of, for as long as the process lives; `closed` comes with the
        empty name."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Wake everybody, and let nobody wait any more."""
        self._closed = True
        for org in [*self._waiting, ""]:
            self._wake(org)

    @property
    def closed(self) -> bool:
        """The server is shutting down."""
        return self._closed

    def _wake(self, org: str) -> None:
        event = self._waiting.pop(org, None)
        if event is not None:
            event.set()
        for listener in self._listeners:
            listener(org)
