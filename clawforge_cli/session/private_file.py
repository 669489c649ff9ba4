"""A small file that only its owner may read, replaced whole or not at all, and the lock beside it."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clawforge.errors import InputError

_LIMIT = 1024 * 1024


class PrivateFile:
    """A file in a directory (0700) of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / name
        self._lock = directory / f"{name}.lock"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else who locks it changes it meanwhile. Waits. Raises InputError where no file can be."""
        self._make_directory()
        try:
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error.strerror or "it cannot be made") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def read(self) -> bytes | None:
        """The content; None if there is no file. Raises InputError for one that others could read or have written."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._unusable("it is a link, or cannot be opened") from error
        try:
            self._check(os.fstat(descriptor))
            data = os.read(descriptor, _LIMIT + 1)
        finally:
            os.close(descriptor)
        if len(data) > _LIMIT:
            raise self._unusable("it is too large")
        return data

    def _check(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise self._unusable("it is no regular file")
        if found.st_uid != os.geteuid():
            raise self._unusable("it belongs to another user")
        if found.st_mode & 0o077:
            raise self._unusable("other users may read or write it")

    def write(self, data: bytes) -> None:
        """Replace the content. Raises InputError; the old one stands then."""
        self._make_directory()
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        try:
            temporary.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self.path)
        except OSError as error:
            raise self._unusable(error.strerror or "it cannot be written") from error

    def _make_directory(self) -> None:
        directory = self.path.parent
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = directory.stat()
            if found.st_uid != os.geteuid():
                raise self._unusable("its directory belongs to another user")
            if stat.S_IMODE(found.st_mode) & 0o077:
                directory.chmod(0o700)
        except OSError as error:
            raise self._unusable(error.strerror or "its directory cannot be made") from error

    def _unusable(self, why: str) -> InputError:
        return InputError(
            f"The session file {self.path} cannot be used: {why}.",
            hint="Remove it and sign in again with `clawforge login`, or set CLAWFORGE_TOKEN.",
            code="unsafe-session-file",
        )
