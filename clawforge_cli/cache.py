"""A directory of answers that were worked out before, safe to lose and safe to share between processes.

Nothing here is an error: a file that is damaged, foreign or gone, and a directory that cannot be written or that others
may write, only mean that nothing is remembered. A file is written under a name of its own and then renamed, so a reader
sees all of it or none; a checksum over name and content tells it from whatever else might stand there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024 * 1024
_MAGIC = b"clawforge-cache 1 "
_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OURS = re.compile(r"[0-9a-f]{64}(?:\.[0-9a-f]{16}\.new)?")


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Bounds on a directory; the answers that were used least recently go first."""

    max_entries: int = 256
    """Files."""

    max_entry: int = 16 * _MIB
    """Bytes of one file; larger answers are not kept."""

    max_bytes: int = 128 * _MIB
    """Bytes of all files."""


class Cache:
    """Names are 64 hexadecimal digits, a digest of everything that the answer depends on."""

    def __init__(self, directory: Path, limits: CacheLimits | None = None) -> None:
        self._directory = directory
        self._limits = limits or CacheLimits()

    def get(self, name: str) -> bytes | None:
        """What was put under the name, or None."""
        with contextlib.suppress(OSError), self._opened() as directory:
            data = self._read(directory, name)
            if data is not None and data.startswith(_head(name, data[_HEAD_SIZE:])):
                with contextlib.suppress(OSError, NotImplementedError):  # A read-only cache still answers.
                    os.utime(name, dir_fd=directory, follow_symlinks=False)
                return data[_HEAD_SIZE:]
        return None

    def put(self, name: str, content: bytes) -> None:
        """Keep the content under the name, in the place of what may be there; perhaps."""
        if _HEAD_SIZE + len(content) > self._limits.max_entry:
            return
        with contextlib.suppress(OSError):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as directory:
                _write(directory, name, _head(name, content) + content)
                self._prune(directory)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The directory. Raises PermissionError if somebody else could have written what is in it."""
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | _OPEN)
        try:
            _refuse_others(os.fstat(directory))
            yield directory
        finally:
            os.close(directory)

    def _read(self, directory: int, name: str) -> bytes | None:
        descriptor = os.open(name, os.O_RDONLY | _OPEN, dir_fd=directory)
        with os.fdopen(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            _refuse_others(status)
            if not stat.S_ISREG(status.st_mode) or status.st_size > self._limits.max_entry:
                return None
            return stream.read(self._limits.max_entry)

    def _prune(self, directory: int) -> None:
        entries = []
        with os.scandir(directory) as found:
            for entry in found:
                if _OURS.fullmatch(entry.name):
                    with contextlib.suppress(FileNotFoundError):  # Another process prunes too.
                        status = entry.stat(follow_symlinks=False)
                        entries.append((status.st_mtime_ns, status.st_size, entry.name))
        count, size = 0, 0
        for _, bytes_, name in sorted(entries, reverse=True):
            count, size = count + 1, size + bytes_
            if count > self._limits.max_entries or size > self._limits.max_bytes:
                with contextlib.suppress(OSError):
                    os.unlink(name, dir_fd=directory)


_HEAD_SIZE = len(_MAGIC) + 64 + 1


def _head(name: str, content: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(name.encode() + b"\n" + content).hexdigest().encode() + b"\n"


def _refuse_others(status: os.stat_result) -> None:
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("others may have written this")


def _write(directory: int, name: str, data: bytes) -> None:
    temporary = f"{name}.{os.urandom(8).hex()}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN, 0o600, dir_fd=directory)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=directory)
        raise
