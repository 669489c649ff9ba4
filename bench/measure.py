"""Runs whole processes and says what they cost."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_RUNS = 5
_SLOW_SECONDS = 10.0
# A program that may not keep its bytecode compiles itself on every run.
_HIDDEN = ("PYTHONDONTWRITEBYTECODE", "CLAWFORGE_NO_CACHE")


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds on the clock, seconds of the processor (user and system), and the largest resident set in MiB."""

    seconds: float
    processor: float
    mebibytes: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Median seconds, least processor seconds, and most MiB of the runs of one command."""

    name: str
    seconds: float
    processor: float
    mebibytes: float


def program(name: str) -> Path:
    """A program of the environment that runs this; it may not be there."""
    return Path(sys.executable).parent / name


def measure(
    name: str,
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    *,
    good: Iterable[int] = (0,),
    before: Callable[[], object] = lambda: None,
) -> Figure:
    """Several runs after one that warms what can be warmed; `before` comes before each, outside of the time. What is
    slow is run once. Ends the bench if a run ends with a code that is not `good`.
    """
    before()
    first = run_once(command, environment, good)
    if first.seconds > _SLOW_SECONDS:
        return Figure(name, first.seconds, first.processor, first.mebibytes)
    runs = []
    for _ in range(_RUNS):
        before()
        runs.append(run_once(command, environment, good))
    return Figure(
        name,
        statistics.median(run.seconds for run in runs),
        min(run.processor for run in runs),
        max(run.mebibytes for run in runs),
    )


def run_once(
    command: Sequence[str | Path], environment: Mapping[str, str] | None = None, good: Iterable[int] = (0,)
) -> Run:
    """One run to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in _HIDDEN} | dict(environment or {}),
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        told = " ".join(map(str, command[:6]))
        raise SystemExit(f"{told} ended with {process.returncode}: {said.decode(errors='replace')[-2000:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, _mebibytes(usage))


def _mebibytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
