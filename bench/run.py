"""`make bench`: how long the commands take and how much memory they use, as whole processes, printed as tables.

Seconds on the clock are the median of several runs after one that warms the caches of the system; the processor's are
the least. Nothing here is a test: machines differ.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import lint
import peers
from generate import write_project
from measure import Figure, measure, program, run_once

_CLAWFORGE = program("clawforge")
_SIZES = (1_000, 10_000)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="clawforge-bench-") as scratch:
        for title, figures in lint.tables(Path(scratch)):
            _show(f"lint: {title}", figures, compared=True)
        if not program("yamllint").exists() or not program("check-jsonschema").exists():
            print(f"{lint.HOW_TO_INSTALL}\n")
        _show("plan", list(_plans(Path(scratch))), compared=False)
        _show("plans of others", list(_peers(Path(scratch))), compared=False)


def _show(title: str, figures: Sequence[Figure], *, compared: bool) -> None:
    print(f"{title:<44}{'seconds':>9}{'processor':>11}{'MiB':>6}{'times' if compared else '':>8}")
    for figure in figures:
        ratio = f"{figure.processor / figures[0].processor:>8.2f}" if compared else ""
        print(f"{figure.name:<44}{figure.seconds:>9.3f}{figure.processor:>11.3f}{figure.mebibytes:>6.0f}{ratio}")
    print()


def _plans(scratch: Path) -> Iterator[Figure]:
    yield measure("version", [_CLAWFORGE, "version"])
    for size in _SIZES:
        yield from _plans_of(scratch / f"clawforge-{size}", size)


def _plans_of(scratch: Path, size: int) -> Iterator[Figure]:
    project, cache, kept = scratch / "project", scratch / "cache", scratch / "plan.json"
    write_project(project, size)
    with _server(scratch / "data") as environment:
        environment["CLAWFORGE_CACHE_DIR"] = str(cache)
        plan = [_CLAWFORGE, "plan", project]
        first = run_once([*plan, "--out", kept], environment)
        yield Figure(f"plan {size:,} new resources", *astuple(first))
        applied = run_once([_CLAWFORGE, "apply", kept, "--auto-approve"], environment)
        yield Figure(f"apply {size:,} new resources", *astuple(applied))
        yield measure(
            f"plan {size:,} resources, no change, nothing cached",
            plan,
            environment,
            before=partial(shutil.rmtree, cache, ignore_errors=True),
        )
        yield measure(f"plan {size:,} resources, no change", plan, environment)
        _change_one_percent(project)
        yield measure(f"plan {size:,} resources, 1% changed", plan, environment)


def _peers(scratch: Path) -> Iterator[Figure]:
    for size in _SIZES:
        yield from peers.terraform(scratch, size)
        yield from peers.octodns(scratch, size)


def _change_one_percent(project: Path) -> None:
    for file in project.glob("part-*.yaml"):
        file.write_text(file.read_text().replace("ask: [web_fetch]", "ask: [web_search]", 1))


@contextmanager
def _server(data: Path) -> Iterator[dict[str, str]]:
    import socket
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    serve = [str(_CLAWFORGE), "serve", "--data", str(data), "--listen", address]
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
