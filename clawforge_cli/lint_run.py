"""Runs of lint over a directory: checking and fixing."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.views.human_problems import plural
from clawforge_cli.views.terminal import note

if TYPE_CHECKING:
    from clawforge.lint.outcome import LintOutcome
    from clawforge.lint.selection import Selection
    from clawforge_cli.cache import Cache
    from clawforge_cli.lint_cache import LintCache
    from clawforge_cli.look_ahead import Horizon, Outlook

_MOST_PASSES = 10
_MOST_KEPT = 64 * 1024 * 1024
"""Bytes of a project that are held in memory, so that what is remembered is said of what was read."""


def checked(path: Path, now: dt.datetime, cache: Path | None = None, *, prove: bool = False) -> LintOutcome:
    """What lint finds in a directory, or found in the same files before and kept in the directory `cache`; with `prove`
    by rules that take their time, of which nothing is kept. Raises InputError if `path` is no directory.
    """
    if cache is None or prove:
        return _examined(path, now, prove=prove)
    from clawforge_cli.build_id import present_build
    from clawforge_cli.cache import Cache

    build = present_build()
    if build is None:
        return _examined(path, now)
    return remembered(path, now, Cache(cache / "lint"), build)


def remembered(path: Path, now: dt.datetime, cache: Cache, build: str) -> LintOutcome:
    """What the program `build` finds in a directory, or found in the same files before. Raises as `checked` does."""
    from clawforge.load.files import Snapshot
    from clawforge_cli.lint_cache import LintCache

    known = LintCache(cache, build, Snapshot(path, most=_MOST_KEPT))
    return known.find(now) or _examined(path, now, known)


def _examined(path: Path, now: dt.datetime, known: LintCache | None = None, *, prove: bool = False) -> LintOutcome:
    from clawforge.lint.engine import examine
    from clawforge.lint.outcome import LintOutcome
    from clawforge.load.project import load_project

    project = load_project(path, files=known.files if known else None)
    outcome = LintOutcome.of(project, examine(project, now=now, prove=prove))
    if known is not None and project.declared is not None:
        known.keep(project.declared, outcome)
    return outcome


def checked_ahead(path: Path, horizon: Horizon, now: dt.datetime) -> tuple[LintOutcome, Outlook]:
    """What lint finds in a directory, and what changes by itself until the last moment of a horizon, without secrets in
    either. What was kept holds no resources to look ahead in, so it is not asked. Raises InputError as `checked` and
    `last_moment` do."""
    from clawforge.lint.discretion import without_secrets
    from clawforge.lint.engine import examine
    from clawforge.lint.outcome import LintOutcome
    from clawforge.load.project import load_project
    from clawforge_cli.look_ahead import Outlook, last_moment, outlook

    project = load_project(path)
    end = last_moment(horizon, project, now)
    outcome = LintOutcome.of(project, examine(project, now=now))
    found = outlook(project, horizon, now, end)
    items = tuple(
        item.model_copy(update={"what": without_secrets(item.what), "pointer": without_secrets(item.pointer)})
        for item in found.items
    )
    return outcome, Outlook(found.until, items)


def fixed(path: Path, selection: Selection, clock: Callable[[], dt.datetime]) -> int:
    """Apply safe fixes until none is left; says on standard error how many findings were mended, and answers that."""
    files: set[str] = set()
    count = left = 0
    for _ in range(_MOST_PASSES):
        mended, left = _fix_once(path, selection, clock(), files)
        count += mended
        if not mended:
            break
    note(f"Fixed {plural(count, 'finding')} in {plural(len(files), 'file')}.")
    if left:
        note(f"Left {plural(left, 'finding')} to mend by hand: --fix does not touch what is written in this way.")
    return count


def _fix_once(path: Path, selection: Selection, now: dt.datetime, files: set[str]) -> tuple[int, int]:
    """How many findings were mended, and how many could not be though there is a fix."""
    from clawforge.diagnostic import Diagnostic
    from clawforge.lint.engine import examine
    from clawforge.lint.fixing import fixes
    from clawforge.load.limits import DEFAULT_LIMITS
    from clawforge.load.project import load_project
    from clawforge.load.tree import read_file
    from clawforge_cli.replace_file import replace_file

    project = load_project(path)
    report = selection.of_report(examine(project, now=now))
    count = left = 0
    for fix in fixes(project, report):
        left += len(fix.groups)
        data = read_file(project.root, fix.file, limits=DEFAULT_LIMITS)
        result = None if isinstance(data, Diagnostic) else fix.apply(data)
        if result is not None and not isinstance(data, Diagnostic):
            replace_file(project.root / fix.file, data, result[0])
            files.add(fix.file)
            count += result[1]
    return count, left - count


def prefix_of(root: Path) -> str:
    """What stands before a path of the project for those who read from the present directory: `policies/`; empty for
    a project that is not below it.
    """
    relative = os.path.relpath(root)
    return "" if relative == "." or relative.startswith("..") else Path(relative).as_posix() + "/"
