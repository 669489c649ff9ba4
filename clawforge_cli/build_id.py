"""What this very program is: whatever may change its answers, other than what it is asked about."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from clawforge import __version__

_PACKAGES = Path(__file__).resolve().parent.parent
_OURS = ("clawforge", "clawforge_cli")
_SETTLED_NS = 3_000_000_000
_INSTALLED = (".dist-info", ".egg-info")


def build_id(packages: Path = _PACKAGES, *, now_ns: int) -> str | None:
    """A digest of the version, the bytes of our own files in `packages`, the interpreter, what is installed beside us,
    and the time zones: the same on every machine where these are the same.

    None while a file of ours changed within the last seconds before `now_ns` (Unix time in nanoseconds): a part of this
    process may have been loaded before that. Raises OSError if our own files cannot be read.
    """
    joined = hashlib.sha256(repr((__version__, sys.version, sys.platform, sys.flags)).encode())
    for package in _OURS:
        for path in _tree(packages / package):
            with open(path, "rb", buffering=0) as stream:
                if os.fstat(stream.fileno()).st_ctime_ns > now_ns - _SETTLED_NS:
                    return None
                content = stream.read()
            _add(joined, os.path.relpath(path, packages), content)
    for part in (*_installed(), *_time_zones()):
        _add(joined, *part)
    return joined.hexdigest()


def present_build() -> str | None:
    """What this program is now; None where it cannot tell, and then it remembers nothing."""
    try:
        return build_id(now_ns=time.time_ns())
    except OSError:
        return None


def _add(joined: hashlib._Hash, name: str, content: bytes) -> None:
    joined.update(f"{len(name)} {len(content)} {name}".encode("utf-8", "surrogateescape"))
    joined.update(content)


def _tree(root: Path) -> Iterator[str]:
    """Every file below a folder that can hold code or data, in an order that does not depend on the file system."""
    folders = [os.fspath(root)]
    while folders:
        folder = folders.pop()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    folders.append(entry.path)
            elif entry.is_file():
                yield entry.path


def _installed() -> Iterator[tuple[str, bytes]]:
    """What installers left in the directories that Python imports from: a name has the version of a package, and its
    RECORD has the digest of every file.
    """
    for folder in sys.path:
        yield folder, b""
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(folder or os.curdir)):
                if name.endswith(_INSTALLED):
                    path = os.path.join(folder, name)
                    yield path, _content(os.path.join(path, "RECORD")) or _times(path)


def _time_zones() -> Iterator[tuple[str, bytes]]:
    from zoneinfo import TZPATH

    for folder in TZPATH:
        # Its first line has the version.
        yield folder, _content(os.path.join(folder, "tzdata.zi"), most=80) or _times(folder)


def _content(path: str, most: int = -1) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as stream:
        return stream.read(most)
    return b""


def _times(path: str) -> bytes:
    with contextlib.suppress(OSError):
        status = os.stat(path)
        return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}".encode()
    return b""
