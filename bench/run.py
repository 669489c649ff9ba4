"""`make bench`: how long the commands take and how much memory they use, as whole processes, printed as a table.

Each figure is the median of several runs after one that warms the caches. Nothing here is a test: machines differ.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from generate import write_project

_PROGRAM = [str(Path(sys.executable).parent / "clawforge")]
_EXAMPLE = Path(__file__).parent.parent / "policies.example"
_RUNS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """Median seconds and the largest resident set, in MiB, of one command."""

    name: str
    seconds: float
    mebibytes: float


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="clawforge-bench-") as scratch:
        figures = list(_figures(Path(scratch)))
    print(f"{'command':<48}{'seconds':>10}{'MiB':>8}")
    for figure in figures:
        print(f"{figure.name:<48}{figure.seconds:>10.3f}{figure.mebibytes:>8.0f}")


def _figures(scratch: Path) -> Iterator[Figure]:
    yield _measure("version", ["version"])
    yield _measure("lint policies.example", ["lint", str(_EXAMPLE)])
    with _server(scratch / "data") as environment:
        for size in (1_000, 10_000):
            project = scratch / f"project-{size}"
            write_project(project, size)
            _run(["apply", str(project), "--auto-approve"], environment)
            yield _measure(f"lint {size:,} resources", ["lint", str(project)], environment)
            yield _measure(f"plan {size:,} resources, no change", ["plan", str(project)], environment)
            _change_one_percent(project)
            yield _measure(f"plan {size:,} resources, 1% changed", ["plan", str(project)], environment)


def _change_one_percent(project: Path) -> None:
    for file in project.glob("part-*.yaml"):
        file.write_text(file.read_text().replace("ask: [web_fetch]", "ask: [web_search]", 1))


def _measure(name: str, arguments: list[str], environment: dict[str, str] | None = None) -> Figure:
    _run(arguments, environment)
    runs = [_run(arguments, environment) for _ in range(_RUNS)]
    return Figure(name, statistics.median(seconds for seconds, _ in runs), max(size for _, size in runs))


def _run(arguments: list[str], environment: dict[str, str] | None = None) -> tuple[float, float]:
    started = time.perf_counter()
    process = subprocess.Popen(
        [*_PROGRAM, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"clawforge {' '.join(arguments)} ended with {process.returncode}: {said.decode()}")
    return seconds, _mebibytes(usage)


def _mebibytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)


@contextmanager
def _server(data: Path) -> Iterator[dict[str, str]]:
    import socket
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    serve = [*_PROGRAM, "serve", "--data", str(data), "--listen", address]
    process = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://{address}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield {
            "CLAWFORGE_SERVER": f"http://{address}",
            "CLAWFORGE_TOKEN": (data / "bootstrap-token").read_text().strip(),
        }
    finally:
        process.terminate()
        process.wait(timeout=10)


if __name__ == "__main__":
    main()
