"""Waiting for the next change of a project's files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from clawforge.errors import ClawforgeError

_POLL_SECONDS = 0.4
# A large project takes a while to look through; most of the time is spent waiting all the same.
_WAITS_PER_LOOK = 10

Snapshot = dict[str, tuple[int, int, int]]


def changes(root: Path, sleep: Callable[[float], None]) -> Iterator[None]:
    """Once at once, then each time that a file of the project appears, changes or goes, or the whole project does.
    Never ends by itself.
    """
    seen: Snapshot | None = None
    while True:
        began = time.monotonic()
        present = _snapshot(root)
        if present != seen:
            seen = present
            yield
        else:
            sleep(max(_POLL_SECONDS, _WAITS_PER_LOOK * (time.monotonic() - began)))


def _snapshot(root: Path) -> Snapshot:
    """What is there now; nothing where the project cannot be read."""
    from clawforge.load.project import project_paths

    found: Snapshot = {}
    try:
        files = project_paths(root)[0]
    except (ClawforgeError, OSError):
        return found
    for file in files:
        try:
            status = os.stat(root / file, follow_symlinks=False)
        except OSError:
            continue  # It went away between the two looks; the next one sees that.
        found[file] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found
