"""Where recorded calls are read from: a file, standard input, or the control plane's log."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import orjson

from clawforge.analysis.replay.call_reader import LONGEST_LINE
from clawforge.errors import InputError
from clawforge.ledger.record import AuditEvent

STANDARD_INPUT = "-"
_BLOCK = 1024 * 1024


def bounded_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a file without their ends. Of one that is too long only so much is kept that it shows."""
    rest = b""
    while block := stream.read(_BLOCK):
        first, *others = block.split(b"\n")
        # What is kept of a line that goes on and on is never more than one block beyond the limit.
        rest = rest + first if len(rest) <= LONGEST_LINE else rest
        if others:
            yield rest
            rest = others.pop()
            yield from others
    if rest:
        yield rest


@contextmanager
def as_file(name: str) -> Iterator[Path]:
    """The file of that name, which several processes may read at once; what comes through a pipe is written to a
    temporary one first. Raises InputError."""
    path = Path(name)
    if name == STANDARD_INPUT:
        # Python sets no stream where the shell closed the descriptor.
        if sys.stdin is None:
            raise InputError("Standard input is closed.", hint="Name a file instead of `-`.")
        with _spooled(sys.stdin.buffer) as spool:
            yield spool
        return
    try:
        with path.open("rb") as stream:
            if not path.is_file():
                with _spooled(stream) as spool:
                    yield spool
                return
    except OSError as error:
        raise InputError(
            f"The calls cannot be read from {name}: {error.strerror}.",
            hint="Name a file of `clawforge audit export`, `-`, or a period such as 7d.",
        ) from error
    yield path


@contextmanager
def events_as_file(events: Iterable[AuditEvent]) -> Iterator[Path]:
    """A temporary file of records, one JSON document a line."""
    with _temporary() as (path, stream):
        for event in events:
            stream.write(orjson.dumps(event.model_dump(mode="json", by_alias=True, exclude_none=True)) + b"\n")
        stream.flush()
        yield path


@contextmanager
def _spooled(source: BinaryIO) -> Iterator[Path]:
    with _temporary() as (path, stream):
        shutil.copyfileobj(source, stream, 1024 * 1024)
        stream.flush()
        yield path


@contextmanager
def _temporary() -> Iterator[tuple[Path, BinaryIO]]:
    """Readable by nobody else: what agents did may be in it."""
    with tempfile.TemporaryDirectory(prefix="clawforge-calls-") as folder:
        path = Path(folder) / "calls.ndjson"
        with path.open("wb") as stream:
            yield path, stream
