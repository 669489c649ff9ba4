"""What became of every notification: lines of JSON in the reconciler's state directory, bounded, without secrets."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.resource.meta import Instant, Strict

DELIVERIES = "notifications.jsonl"
"""The file; the one before it has `.1` at its end."""

_LARGEST = 1024 * 1024
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW

DeliveryStatus = Literal["delivered", "refused", "failed", "dropped"]
"""`delivered`: the other side took it. `refused`: it said no, and would again. `failed`: it could not be reached, or
was in trouble, each time. `dropped`: too much waited, or the program ended."""


class Delivery(Strict):
    """One notice on one way. `to` is the host alone; `id` is what the receiver saw, the same in every attempt."""

    id: str
    at: Instant
    source: str
    route: str
    to: str
    kind: str
    status: DeliveryStatus
    attempts: int
    detail: str = ""


def delivery_folder(state: Path, source: str) -> Path:
    """Where the log of one source is, below the reconciler's state directory."""
    return state / "deliveries" / source


class DeliveryLog:
    """Written from any thread and by several processes. Two files of a mebibyte are kept at most."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / DELIVERIES
        self._lock = threading.Lock()

    def write(self, delivery: Delivery) -> None:
        """Add a line. Raises OSError."""
        line = delivery.model_dump_json(by_alias=True).encode() + b"\n"
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock, self._opened() as descriptor:
            os.write(descriptor, line)

    def read(self, most: int) -> tuple[Delivery, ...]:
        """The latest ones, the newest last. A line that was cut off is left out. Raises InputError."""
        found: list[Delivery] = []
        for path in (self._path, self._before):
            found = [*_deliveries(path), *found]
            if len(found) >= most:
                break
        return tuple(found[-most:])

    @property
    def _before(self) -> Path:
        return self._path.with_name(f"{self._path.name}.1")

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The file, locked against other processes; a full one is put aside first."""
        while True:
            descriptor = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                status = os.fstat(descriptor)
                if not _is_still(self._path, status):
                    continue
                if status.st_size < _LARGEST:
                    yield descriptor
                    return
                os.replace(self._path, self._before)
            finally:
                os.close(descriptor)


def _is_still(path: Path, status: os.stat_result) -> bool:
    """Whether the path leads to this file, and not to one that another process put there meanwhile."""
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), status)
    except FileNotFoundError:
        return False


def _deliveries(path: Path) -> Iterator[Delivery]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"The delivery log {path} cannot be read: {error.strerror}.") from error
    for line in data.splitlines():
        with contextlib.suppress(ValidationError):
            yield Delivery.model_validate_json(line)
