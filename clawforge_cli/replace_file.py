"""Writing a file that somebody else may be reading or editing: as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from clawforge.errors import ClawforgeError, ConflictError


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Put `after` where `before` stood, with the same permissions.

    Raises ConflictError if the file holds something else by now, and ClawforgeError if it cannot be written; in both
    cases it stays as it is.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        try:
            _write(temporary, after, os.stat(path, follow_symlinks=False).st_mode & 0o7777)
            if path.read_bytes() != before:
                raise ConflictError(f"{path} changed meanwhile.", hint="It is left as it is; run the command again.")
            os.replace(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        raise ClawforgeError(f"{path} cannot be written: {error.strerror}.", hint="It is left as it is.") from error


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
