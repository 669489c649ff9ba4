"""Replaying a file of calls, in as many processes as are worth it."""

from __future__ import annotations

import datetime as dt
import gc
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.analysis.replay.answers import Enrolment, ReplayState
from clawforge.analysis.replay.call_reader import WHOLE, CallReader, Share
from clawforge.analysis.replay.replay import Replayer
from clawforge.errors import ClawforgeError, InputError
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel
from clawforge.resource.meta import Resource
from clawforge_cli.call_lines import bounded_lines

if TYPE_CHECKING:
    from clawforge.analysis.replay.tally import Tally

_SMALL = 16 * 1024 * 1024
"""Bytes of a file for which starting another process takes longer than it saves."""
_MOST_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class StatedOrg:
    """A state before it is made into a model, which no other process could take over."""

    resources: tuple[Resource, ...]
    positions: Positions

    def model(self) -> ReplayState:
        """The state to decide by."""
        return ReplayState(OrgModel(self.resources), self.positions)


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """Whose calls are replayed, and by which states; `now` is the moment after which nothing can have happened."""

    org: str
    now: dt.datetime
    before: StatedOrg | None
    after: StatedOrg
    enrolments: Mapping[str, Enrolment]


def replay_file(path: Path, job: ReplayJob, *, processes: int | None = None) -> Tally:
    """Replay the calls of a file. Raises InputError if it cannot be read."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if processes is None:
        processes = 1 if size < _SMALL else min(_processors(), _MOST_PROCESSES)
    return replay_share(path, job, WHOLE) if processes == 1 else _together(path, job, processes)


def replay_share(path: Path, job: ReplayJob, share: Share) -> Tally:
    """Replay one part of a file."""
    # What a replay makes is let go at once or kept to the end: looking for cycles in it finds nothing.
    gc.set_threshold(200_000, 20, 100)
    replayer = Replayer(job.before.model() if job.before else None, job.after.model(), job.enrolments)
    try:
        with path.open("rb", buffering=1024 * 1024) as stream:
            replayer.take(CallReader(job.org, job.now).read(bounded_lines(stream), share))
    except OSError as error:
        raise _unreadable(path, error) from error
    return replayer.tally


def _together(path: Path, job: ReplayJob, processes: int) -> Tally:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    shares = [Share(index, processes) for index in range(processes)]
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context(_start_method())) as pool:
            first, *others = pool.map(replay_share, [path] * processes, [job] * processes, shares)
    except BrokenProcessPool as error:
        raise ClawforgeError(
            "A process that replayed calls was ended.", hint="Is there enough memory? Replay fewer calls at once."
        ) from error
    for other in others:
        first.merge(other)
    return first


def _start_method() -> str:
    """A forked process has everything loaded already, but must not inherit what other threads were about to do."""
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


def _processors() -> int:
    """How many of the machine's processors are ours; not every system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"The calls cannot be read from {path}: {error.strerror}.")
