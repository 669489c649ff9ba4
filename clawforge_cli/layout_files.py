"""Which files a command formats, and what becomes of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic
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
    """The files that the paths mean, each once: a directory means the project in it. Also the problems of projects.

    Raises InputError for a path that does not exist.
    """
    names: dict[Path, str] = {}
    problems: list[Diagnostic] = []
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise InputError(f"{path} does not exist.", hint="Give a project directory, or single files.")
        found, wrong = _project(path) if path.is_dir() else ((path.as_posix(),), [])
        problems += wrong
        for name in found:
            names.setdefault(Path(name).absolute(), name)
    return tuple(names.values()), tuple(problems)


def _project(root: Path) -> tuple[tuple[str, ...], list[Diagnostic]]:
    from clawforge.load.project import project_paths

    files, problems = project_paths(root)
    here = [replace(item, location=item.location._replace(file=_named(root, item.location.file))) for item in problems]
    return tuple(_named(root, file) for file in files), here


def _named(root: Path, file: str) -> str:
    return (root / file).as_posix()


def lay_out(names: Sequence[str]) -> Iterator[LaidOutFile | Diagnostic]:
    """Each file formatted, or why it cannot be read."""
    from clawforge.layout.document import format_text
    from clawforge.load.limits import DEFAULT_LIMITS
    from clawforge.load.tree import read_file

    for name in names:
        data = read_file(Path(), name, limits=DEFAULT_LIMITS)
        yield data if isinstance(data, Diagnostic) else LaidOutFile(name, data, format_text(data, name))
