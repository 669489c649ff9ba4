"""Which files a command formats, and what becomes of each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.errors import InputError

if TYPE_CHECKING:
    from clawforge.layout.document import Formatted


@dataclass(frozen=True, slots=True)
class LaidOutFile:
    """A file as it was and as it would be. `name` is its path as people gave it."""

    name: str
    before: bytes
    formatted: Formatted


def find_files(paths: Sequence[Path]) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The files that the paths mean, each once, and the problems of projects.

    A file means itself, wherever it lies. A folder means those files of its project that lie in it or below it; its
    project is the nearest folder, from it upwards, that holds a project file.
    Raises InputError for a path that does not exist.
    """
    names: dict[Path, str] = {}
    problems: list[Diagnostic] = []
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise InputError(f"{path} does not exist.", hint="Give folders of projects, or single files.")
        found, wrong = _in_folder(path) if path.is_dir() else ([path.as_posix()], [])
        problems += wrong
        for name in found:
            names.setdefault(Path(name).absolute(), name)
    return tuple(names.values()), tuple(problems)


def _in_folder(folder: Path) -> tuple[list[str], list[Diagnostic]]:
    from clawforge.load.project import project_paths
    from clawforge.load.tree import PROJECT_FILE

    resolved = folder.resolve()
    root = next((place for place in (resolved, *resolved.parents) if os.path.lexists(place / PROJECT_FILE)), None)
    if root is None:
        message = f"No project: neither this folder nor one above it holds {PROJECT_FILE}."
        hint = "Give a folder of a project, or name single files, which need no project."
        return [], [Diagnostic("no-project-file", message, Location(folder.as_posix()), hint)]
    files, problems = project_paths(root)
    below = resolved.relative_to(root)
    here = [Path(file).relative_to(below) for file in files if Path(file).is_relative_to(below)]
    told = [item for item in problems if _concerns(item, below)]
    if not here and not told:
        message = "No file of the project lies here."
        hint = f"Folders and files that {PROJECT_FILE} leaves out are formatted when each file is named."
        told = [Diagnostic("no-files", message, Location(folder.as_posix()), hint, Severity.WARNING)]
        return [], told
    return [(folder / file).as_posix() for file in here], [_placed(item, root, folder) for item in told]


def _concerns(problem: Diagnostic, below: Path) -> bool:
    """Whether a problem of a project stands in the way of formatting this part of it."""
    from clawforge.load.tree import PROJECT_FILE

    file = Path(problem.location.file)
    errs = file == Path(PROJECT_FILE) and problem.severity is Severity.ERROR
    return errs or file.is_relative_to(below)


def _placed(problem: Diagnostic, root: Path, folder: Path) -> Diagnostic:
    """With the path of its file as it is seen from here, or in full if the folder was given in full."""
    file = root / problem.location.file
    name = file.as_posix() if folder.is_absolute() else Path(os.path.relpath(file, Path.cwd().resolve())).as_posix()
    return replace(problem, location=problem.location._replace(file=name))


def lay_out(names: Sequence[str]) -> Iterator[LaidOutFile | Diagnostic]:
    """Each file formatted, or why it cannot be read."""
    from clawforge.layout.document import format_resources
    from clawforge.load.limits import DEFAULT_LIMITS
    from clawforge.load.tree import read_file

    for name in names:
        data = read_file(Path(), name, limits=DEFAULT_LIMITS)
        yield data if isinstance(data, Diagnostic) else LaidOutFile(name, data, format_resources(data, name))
