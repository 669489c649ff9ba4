"""Runs of lint over a directory: checking, fixing, and waiting for the next change."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.views.terminal import note

if TYPE_CHECKING:
    from clawforge.lint.report import LintReport
    from clawforge.lint.selection import Selection
    from clawforge.load.project import Project

_MOST_PASSES = 10
_POLL_SECONDS = 0.4


def checked(path: Path, selection: Selection, now: dt.datetime) -> tuple[Project, LintReport]:
    """The project of a directory, and what is wanted of what lint found."""
    from clawforge.lint.engine import examine
    from clawforge.load.project import load_project

    project = load_project(path)
    return project, selection.of_report(examine(project, now=now))


def fixed(path: Path, selection: Selection, clock: Callable[[], dt.datetime]) -> int:
    """Apply safe fixes until none is left; says on standard error how many findings were mended, and answers that."""
    files: set[str] = set()
    count = 0
    for _ in range(_MOST_PASSES):
        mended = _fix_once(path, selection, clock(), files)
        if not mended:
            break
        count += mended
    note(f"Fixed {count} finding{'' if count == 1 else 's'} in {len(files)} file{'' if len(files) == 1 else 's'}.")
    return count


def _fix_once(path: Path, selection: Selection, now: dt.datetime, files: set[str]) -> int:
    from clawforge.diagnostic import Diagnostic
    from clawforge.lint.fixing import fixes
    from clawforge.load.limits import DEFAULT_LIMITS
    from clawforge.load.tree import read_file
    from clawforge_cli.replace_file import replace_file

    project, report = checked(path, selection, now)
    count = 0
    for fix in fixes(project, report):
        data = read_file(project.root, fix.file, limits=DEFAULT_LIMITS)
        result = None if isinstance(data, Diagnostic) else fix.apply(data)
        if result is not None and not isinstance(data, Diagnostic):
            replace_file(project.root / fix.file, data, result[0])
            files.add(fix.file)
            count += result[1]
    return count


def prefix_of(root: Path) -> str:
    """What stands before a path of the project for those who read from the present directory: `policies/`; empty for
    a project that is not below it.
    """
    relative = os.path.relpath(root)
    return "" if relative == "." or relative.startswith("..") else Path(relative).as_posix() + "/"


def changes(root: Path, sleep: Callable[[float], None]) -> Iterator[None]:
    """Once at once, then each time that a file of the project appears, changes or goes. Never ends by itself."""
    seen = None
    while True:
        present = _snapshot(root)
        if present != seen:
            seen = present
            yield
        else:
            sleep(_POLL_SECONDS)


def _snapshot(root: Path) -> dict[str, tuple[int, int]]:
    from clawforge.load.project import project_paths

    found = {}
    for file in project_paths(root)[0]:
        try:
            status = os.stat(root / file, follow_symlinks=False)
        except OSError:
            continue  # It went away between the two looks; the next one sees that.
        found[file] = (status.st_mtime_ns, status.st_size)
    return found
