"""Opening a project for a command that needs it to be sound: problems are shown and nothing goes on."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import ClawforgeError
from clawforge_cli.views.terminal import Printer

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge_cli.manifest import Manifest


class FindingsError(ClawforgeError):
    """The files have problems, which were already shown."""

    code = "findings"


def open_project(path: Path) -> Project:
    """The project of a directory. Raises FindingsError after showing the problems that stand in the way."""
    from clawforge.lint.engine import obstacles
    from clawforge.load.project import load_project

    project = load_project(path)
    errors = obstacles(project, now=dt.datetime.now(dt.UTC))
    if errors:
        from clawforge_cli.views.human_problems import show_diagnostics

        show_diagnostics(errors, Printer(sys.stderr, colour=None if sys.stderr.isatty() else False))
        count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
        raise FindingsError(
            f"The files have {count}, so this goes no further.", hint="`clawforge lint` lists every problem."
        )
    return project


def manifest_of(path: Path) -> Manifest:
    """What the files of a directory declare, for a control plane. Files that were read before are not parsed again.
    Raises FindingsError after showing the problems that stand in the way."""
    from clawforge_cli.manifest import Manifest

    return _remembered(path) or Manifest.of(open_project(path))


def _remembered(path: Path) -> Manifest | None:
    from clawforge_cli.build_id import present_build
    from clawforge_cli.cache import Cache
    from clawforge_cli.manifest_memory import LIMITS, ManifestMemory
    from clawforge_cli.settings import cache_directory

    directory, build = cache_directory(), present_build()
    if directory is None or build is None or not path.is_dir():
        return None
    return ManifestMemory(Cache(directory / "manifests", LIMITS), build, path).manifest(dt.datetime.now(dt.UTC))


def readable_project(path: Path) -> Project:
    """The project of a directory, which must load; what lint says about it does not matter. Raises FindingsError after
    showing why it does not."""
    from clawforge.diagnostic import has_errors
    from clawforge.load.project import load_project
    from clawforge_cli.views.human_problems import show_diagnostics

    project = load_project(path)
    if has_errors(project.diagnostics):
        show_diagnostics(project.diagnostics, Printer(sys.stderr, colour=False))
        raise FindingsError(f"{path} cannot be read as a project, so nothing can be compared with it.")
    return project
