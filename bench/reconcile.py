"""A reconciler: a first cycle over a large repository, the next after a small commit, and one with nothing new.

RESOURCES (default 10000) and COMMITS (default 50000) say how large. The reconciler works in this process, against a
control plane of its own; `MiB` is the peak of this process. Signatures are off: what a signature costs is ssh-keygen's.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fleet_world import Served, served
from generate import write_project

from clawforge.load.reconciler_file import ReconcilerFile, SourceSettings
from clawforge.reconcile.source_settings import Repository, Trust
from clawforge_cli.gitops.reconciling import Reconciler

RESOURCES = int(os.environ.get("RESOURCES", "10000"))
COMMITS = int(os.environ.get("COMMITS", "50000"))
_ORG = "---\napiVersion: clawforge/v1\nkind: Organization\nmetadata: {name: bench}\nspec: {displayName: Bench}\n"


def main() -> None:
    """Print a table."""
    print(f"{'cycle':<28} {'seconds':>8} {'CPU ms':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        repository = folder / "repository"
        _history(repository)
        with served(folder / "data") as server:
            _cycles(folder, repository, server)


def _cycles(folder: Path, repository: Path, server: Served) -> None:
    os.environ["CLAWFORGE_TOKEN"] = server.token
    small = folder / "small"
    small.mkdir()
    (small / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: bench\nsource: people\n")
    (small / "org.yaml").write_text(_ORG)
    program = str(Path(sys.executable).parent / "clawforge")
    subprocess.run(
        [program, "apply", str(small), "--server", server.url, "--auto-approve"], stdout=subprocess.DEVNULL, check=True
    )
    settings = SourceSettings(
        name="bench",
        org="bench",
        repository=Repository(url=str(repository)),
        trust=Trust(signatures="off"),
        interval="1h",  # type: ignore[arg-type]  # read as YAML is
    )
    file = ReconcilerFile(
        api_version="clawforge/v1",
        kind="Reconciler",
        server=server.url,
        state=str(folder / "state"),
        sources=(settings,),
    )
    with Reconciler(file, folder, lambda line: None).loops() as (loop,):
        _timed("first", loop.once)
        for what, name, old, new in (
            ("next, one group's policy", "part-00001.yaml", "ask: [web_fetch]", "ask: [web_search]"),
            ("next, the policy of all", "part-00000.yaml", "profile: coding", "profile: minimal"),
        ):
            path = repository / name
            path.write_text(path.read_text().replace(old, new, 1))
            _git(repository, "commit", "-q", "-a", "-m", what)
            _timed(what, loop.once)
        _timed("nothing new", loop.once)
        assert loop.cycle.conditions.items[0].status == "true", loop.state
        loop.keeper.close()
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, git {_children():.0f} MiB")


def _children() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _processor() -> float:
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(item.ru_utime + item.ru_stime for item in both)


def _timed(what: str, work: Callable[[], object]) -> None:
    began, spent = time.perf_counter(), _processor()
    work()
    print(f"{what:<28} {time.perf_counter() - began:>8.2f} {(_processor() - spent) * 1000:>8.0f}", flush=True)


def _history(repository: Path) -> None:
    """A repository of so many commits, of which the last one holds the project."""
    write_project(repository, RESOURCES)
    _git(repository, "init", "-q", "-b", "main")
    commits = "".join(
        f"commit refs/heads/main\ncommitter B <b@bench.example> {1_700_000_000 + number} +0000\ndata 1\nx\n"
        f"M 644 inline notes.txt\ndata {len(str(number))}\n{number}\n"
        for number in range(COMMITS)
    )
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository, input=commits.encode(), check=True)
    _git(repository, "reset", "-q")
    _git(repository, "add", "-A")
    _git(repository, "commit", "-q", "-m", "The project")


def _git(repository: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Bench", "-c", "user.email=b@bench.example"]
    subprocess.run(["git", *identity, *arguments], cwd=repository, check=True)


if __name__ == "__main__":
    main()
