"""Events that the control plane has not acknowledged yet, on disk: numbered, checked, bounded, and never changed.

A folder of segments. Each is named by the number that its first event has or would have, and holds a line an event: a
check sum, the number, JSON. So an empty segment is enough to know the next number, and no number is used twice. A
segment goes when everything in it is acknowledged, or, the oldest first, when there is no room for more; what goes
unsent is missing in the numbers, which the control plane notes as a gap, and an event of its own says so.
"""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import orjson

from clawforge.errors import InputError, UnavailableError
from clawforge.wire_audit import MOST_EVENTS, UPLOAD_LIMIT
from clawforge_cli.agent.spooled_event import SpooledEvent, overflow_event, unwritten_event

FOLDER = "audit"
_MOST_BYTES = 64 * 1024 * 1024
_SEGMENT_BYTES = 1024 * 1024
_SUFFIX = ".events"
_FRAME_BYTES = 64
"""Room of an upload that its events do not have."""


class Batch(NamedTuple):
    """Events that are durable and not acknowledged: the JSON of each, and its number."""

    numbers: tuple[int, ...] = ()
    events: tuple[bytes, ...] = ()


class _Line(NamedTuple):
    """A good line, and where it ends."""

    number: int
    event: bytes
    end: int


@dataclass(slots=True)
class _Segment:
    """`first` is the number of its first event, `next` the one after its last, `size` its bytes."""

    path: Path
    first: int
    next: int
    size: int


class Spool:
    """Used from any thread. Whoever appends holds the lock of the agent's directory."""

    def __init__(self, folder: Path, *, most: int = _MOST_BYTES, segment: int = _SEGMENT_BYTES) -> None:
        """Read what is there; what a crash left half written at the end is cut off. Raises InputError."""
        self._folder = folder
        self._most = most
        self._segment_bytes = segment
        self._lock = threading.Lock()
        self._acknowledged = 0
        self._unwritten = 0
        self._dirty = False
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            names = sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX and path.stem.isdigit())
            self._segments = [_read(path) for path in names]
            if self._segments:
                self._segments[-1] = _without_tail(self._segments[-1])
                self._file = os.open(self._segments[-1].path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
            else:
                self._file = self._begin(1)
        except OSError as error:
            raise InputError(f"The events of this machine cannot be kept in {folder}: {error.strerror}.") from error

    @property
    def waiting(self) -> int:
        """How many events are not acknowledged, at most."""
        return max(0, self._segments[-1].next - max(self._segments[0].first, self._acknowledged + 1))

    def append(self, event: SpooledEvent, *, durable: bool = False) -> None:
        """Keep an event. It survives the end of the process, and with `durable`, or once `sync` returned, a power cut.

        Raises UnavailableError if it cannot be written; how many were not is told by an event of its own later.
        """
        with self._lock:
            try:
                if self._unwritten:
                    self._write(unwritten_event(event.at, self._unwritten))
                    self._unwritten = 0
                self._write(event)
                if durable:
                    os.fsync(self._file)
            except OSError as error:
                self._unwritten += 1
                raise UnavailableError(
                    f"An event cannot be written to {self._folder}: {error.strerror}.", code="event-not-written"
                ) from error

    def sync(self) -> None:
        """Make durable what was appended so far. Raises OSError."""
        with self._lock:
            if not self._dirty:
                return
            self._dirty = False
            file = os.dup(self._file)
        # Not under the lock: a slow disk must not hold up decisions. What was begun anew is durable already.
        try:
            os.fsync(file)
        except OSError:
            self._dirty = True
            raise
        finally:
            os.close(file)

    def batch(self, most_events: int = MOST_EVENTS, most_bytes: int = UPLOAD_LIMIT - _FRAME_BYTES) -> Batch:
        """The oldest events that are not acknowledged, as many as fit one upload. Raises OSError."""
        with self._lock:
            segments, ends = list(self._segments), self._segments[-1].next
        self.sync()
        numbers: list[int] = []
        events: list[bytes] = []
        room = most_bytes
        for segment in segments:
            # It may have gone since: then there was no room for it any more.
            lines = _good_lines(segment.path) if segment.path.exists() else ()
            for line in lines:
                if line.number <= self._acknowledged or line.number >= ends:
                    continue
                room -= len(line.event) + 1
                if room < 0 or len(numbers) == most_events:
                    return Batch(tuple(numbers), tuple(events))
                numbers.append(line.number)
                events.append(line.event)
        return Batch(tuple(numbers), tuple(events))

    def acknowledge(self, number: int) -> None:
        """Everything up to this number is with the control plane, or will never be. Raises OSError."""
        with self._lock:
            self._acknowledged = max(self._acknowledged, number)
            while len(self._segments) > 1 and self._segments[0].next <= self._acknowledged + 1:
                self._segments.pop(0).path.unlink(missing_ok=True)

    def renumber(self, numbers: Collection[int], first: int) -> None:
        """Keep these events once more, under new numbers from `first` or a later one on. Raises OSError."""
        with self._lock:
            again = [line.event for item in self._segments for line in _good_lines(item.path) if line.number in numbers]
            if first > self._segments[-1].next:
                self._roll(first)
            for event in again:
                number = self._segments[-1].next
                self._write_line(number, orjson.dumps({**orjson.loads(event), "seq": number}))

    def close(self) -> None:
        """Make everything durable, as far as the disk lets it."""
        with contextlib.suppress(OSError):
            self.sync()
        os.close(self._file)

    def _write(self, event: SpooledEvent) -> None:
        self._make_room(event)
        present = self._segments[-1]
        if present.size >= self._segment_bytes:
            self._roll(present.next)
            present = self._segments[-1]
        self._write_line(present.next, event.json(present.next))

    def _write_line(self, number: int, event: bytes) -> None:
        present, line = self._segments[-1], _line(number, event)
        try:
            written = os.write(self._file, line)
            if written != len(line):
                raise OSError(28, "there is no room for it")
        except OSError:
            # Half a line would make the next one unreadable.
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, present.size)
            raise
        present.size += len(line)
        present.next = number + 1
        self._dirty = True

    def _make_room(self, event: SpooledEvent) -> None:
        """Let the oldest segments go while there are too many bytes."""
        first = last = 0
        while len(self._segments) > 1 and sum(item.size for item in self._segments) >= self._most:
            gone = self._segments.pop(0)
            gone.path.unlink(missing_ok=True)
            unsent = max(gone.first, self._acknowledged + 1)
            if unsent < gone.next:
                first, last = first or unsent, gone.next - 1
        if last:
            self._write(overflow_event(event.at, first, last))

    def _roll(self, first: int) -> None:
        os.fsync(self._file)
        before, self._file = self._file, self._begin(first)
        os.close(before)

    def _begin(self, first: int) -> int:
        """A new segment, whose name is durable before anything older goes."""
        path = self._folder / f"{first:020d}{_SUFFIX}"
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._segments.append(_Segment(path, first, first, 0))
        return file


def _line(number: int, event: bytes) -> bytes:
    body = b"%d %b" % (number, event)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def _good_lines(path: Path) -> Iterator[_Line]:
    """What a segment holds; lines that the disk spoilt are left out, so their numbers are missing."""
    end = 0
    with path.open("rb") as stream:
        for line in stream:
            end += len(line)
            check, _, body = line.rstrip(b"\n").partition(b" ")
            number, _, event = body.partition(b" ")
            if line.endswith(b"\n") and check == b"%08x" % zlib.crc32(body) and number.isdigit():
                yield _Line(int(number), event, end)


def _read(path: Path) -> _Segment:
    first = int(path.stem)
    segment = _Segment(path, first, first, path.stat().st_size)
    for line in _good_lines(path):
        segment.next = max(segment.next, line.number + 1)
    return segment


def _without_tail(segment: _Segment) -> _Segment:
    """Cut off what follows the last good line: it was never whole, so nobody was told of it."""
    end = max((line.end for line in _good_lines(segment.path)), default=0)
    if end < segment.size:
        os.truncate(segment.path, end)
    return replace(segment, size=end)
