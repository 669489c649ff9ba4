"""A control plane and a reconciler beside it: two processes that begin and end together."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from types import FrameType

_LOOK_SECONDS = 0.2
_END_SECONDS = 30.0


def run_both(commands: Sequence[Sequence[str]]) -> int:
    """Run them until one ends or this process is told to stop; then the others are told so too, and killed if they take
    longer than half a minute. The exit code of the first that ended by itself; 0 if it was told to."""
    told: list[int] = []

    def tell(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    processes = [subprocess.Popen(command) for command in commands]
    try:
        while not told and all(process.poll() is None for process in processes):
            time.sleep(_LOOK_SECONDS)
        ended = next((process.returncode for process in processes if process.returncode is not None), 0)
        return 0 if told else ended or 1
    finally:
        _end(processes)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """The last one first: a reconciler gives its lease back while the server is there."""
    for process in reversed(processes):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
