"""Reading server-sent events: the text that a stream is made of, whatever way its bytes are cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from clawforge.errors import UnavailableError

_LINE_END = re.compile(rb"\r\n|\r|\n")
_MARK = "\ufeff"


class ServerSentEvent(NamedTuple):
    """One event. `id` is the last one that the stream gave, empty if it gave none."""

    id: str
    name: str
    data: str


class EventText:
    """Reads one stream from its beginning. A broken line leaves nothing behind: read the next one with a new reader.

    `longest` is how many bytes a line may have, and the data of an event.
    """

    def __init__(self, *, longest: int) -> None:
        self._longest = longest
        self._rest = bytearray()
        self._after_return = False
        self._is_first = True
        self._id = self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """The events that these bytes complete. Raises UnavailableError `stream-broken` where a line or an event has no
        end: close the stream then."""
        for line in self._lines(data):
            if line:
                self._take(line)
                continue
            if self._data:
                yield ServerSentEvent(self._id, self._name or "message", "\n".join(self._data))
            self._name, self._data, self._size = "", [], 0

    def _lines(self, data: bytes) -> Iterator[str]:
        """Whole lines. A carriage return ends one at once; a line feed that follows it belongs to the same end."""
        if self._after_return and data:
            self._after_return = False
            data = data.removeprefix(b"\n")
        start = 0
        for end in _LINE_END.finditer(data):
            self._keep(data[start : end.start()])
            start = end.end()
            line = self._rest.decode("utf-8", "replace")
            self._rest.clear()
            yield line.removeprefix(_MARK) if self._is_first else line
            self._is_first = False
        self._keep(data[start:])
        self._after_return = self._after_return or data.endswith(b"\r")

    def _keep(self, part: bytes) -> None:
        self._rest += part
        if len(self._rest) > self._longest:
            raise UnavailableError("The stream sends a line without an end.", code="stream-broken", retry_after=1.0)

    def _take(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._size += len(value.encode()) + 1
            if self._size > self._longest + 1:
                raise UnavailableError(
                    "The stream sends an event without an end.", code="stream-broken", retry_after=1.0
                )
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value
