"""How many bytes of requests may lie in memory at once: a few large bodies must not be the end of the server."""

from __future__ import annotations

from types import TracebackType

from clawforge.errors import UnavailableError

_LARGE_AT_ONCE = 2
_BYTES_AT_ONCE = 192 * 1024 * 1024
_RETRY_SECONDS = 5.0


class BodyRoom:
    """Used from the event loop alone. `large_at_once` bodies of more than a mebibyte, `bytes_at_once` of all that are
    more than tiny: those are sent by somebody who was recognised."""

    def __init__(self, *, large_at_once: int = _LARGE_AT_ONCE, bytes_at_once: int = _BYTES_AT_ONCE) -> None:
        self._large = large_at_once
        self._bytes = bytes_at_once

    def place(self) -> BodyPlace:
        """Room for the body of one request; use it as a context that lasts as long as the body is needed."""
        return BodyPlace(self)

    def _take(self, size: int, large: bool) -> None:
        if size > self._bytes or (large and self._large < 1):
            raise UnavailableError(
                "The server is reading as many large requests as it can at once.",
                hint=f"Try again in {int(_RETRY_SECONDS)} s.",
                code="busy",
                retry_after=_RETRY_SECONDS,
            )
        self._bytes -= size
        self._large -= large

    def _free(self, size: int, large: bool) -> None:
        self._bytes += size
        self._large += large


class BodyPlace:
    """What one request takes of the room; given back at the end of the context."""

    def __init__(self, room: BodyRoom) -> None:
        self._room = room
        self._size = 0
        self._is_large = False

    def grow(self, size: int, *, tiny: int, small: int) -> None:
        """The body has this many bytes by now. Up to `tiny` nothing is counted; above `small` it is a large one.

        Raises UnavailableError when there is no room.
        """
        if size <= tiny:
            return
        becomes_large = size > small and not self._is_large
        self._room._take(size - self._size, becomes_large)
        self._size = size
        self._is_large = self._is_large or becomes_large

    def __enter__(self) -> BodyPlace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room._free(self._size, self._is_large)
        self._size, self._is_large = 0, False
