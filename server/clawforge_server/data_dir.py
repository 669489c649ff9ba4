"""The directory that a server owns: database, bootstrap token, and the lock against a second server."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from clawforge_server.startup_error import StartupError

_LOCK = "server.lock"
_DATABASE = "clawforge.db"
_BOOTSTRAP = "bootstrap-token"
_MASTER_KEY = "master-key"


class DataDirectory:
    """A directory locked for this process until `close`. Its files are for the server's user alone."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> DataDirectory:
        """Create the directory (0700) where it is missing, and lock it. Raises StartupError."""
        path = path.absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartupError(
                f"The data directory {path} cannot be used: {error.strerror or error}.",
                hint="Give --data a directory that the server's user may create and write.",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StartupError(
                f"Another server is using the data directory {path}.",
                hint="Stop that server first, or give --data another directory.",
            ) from error
        return cls(path, lock)

    @property
    def database(self) -> Path:
        """The database file."""
        return self.path / _DATABASE

    @property
    def bootstrap_token(self) -> Path:
        """The file with the first owner's token."""
        return self.path / _BOOTSTRAP

    @property
    def master_key(self) -> Path:
        """The file with the key that seals private keys, unless the operator keeps it elsewhere."""
        return self.path / _MASTER_KEY

    def create_database_file(self) -> None:
        """Make the (empty) database file before SQLite does, so that it is never readable by others."""
        try:
            os.close(os.open(self.database, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise StartupError(
                f"The database {self.database} cannot be opened: {error.strerror or error}.",
                hint="The server's user must own the data directory and the files in it.",
            ) from error

    def write_bootstrap_token(self, token: str) -> None:
        """Write the file whole or not at all, and durably. Raises StartupError."""
        try:
            write_whole(self.bootstrap_token, token)
        except OSError as error:
            raise StartupError(
                f"The owner's token cannot be written to {self.bootstrap_token}: {error.strerror or error}.",
                hint="Make room and remove what stands there, then start again: a new token will be made.",
            ) from error

    def close(self) -> None:
        """Let another server in."""
        os.close(self._lock)


def write_whole(file: Path, text: str) -> None:
    """Write a file for its owner alone: whole or not at all, and durably. Raises OSError."""
    temporary = file.with_name(f".{file.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
