"""Files of a new project beside those of its owner: what is there stays, and a failure leaves nothing behind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from clawforge.errors import ClawforgeError, InputError
from clawforge.load.tree import PROJECT_FILE

_PLACES = {"CODEOWNERS": (".github/CODEOWNERS", "docs/CODEOWNERS")}
"""Where else a file counts for those who read it: a second one would be ignored, or replace the first."""


@dataclass(frozen=True, slots=True)
class Written:
    """Paths that were written, and those that were there before and stay as they are."""

    written: tuple[str, ...]
    kept: tuple[str, ...]


def checked_directory(directory: Path) -> Path:
    """The directory. Raises InputError if it cannot become a project."""
    if os.path.lexists(directory) and not directory.is_dir():
        raise InputError(f"{directory} is no directory.", hint="Name one that exists, or one that shall be made.")
    if os.path.lexists(directory / PROJECT_FILE):
        raise InputError(
            f"{_named(directory)} is a project already: it has a {PROJECT_FILE}.",
            hint="Nothing was written. `clawforge lint` checks it; `clawforge schema --editor` refreshes its schema.",
        )
    return directory


def _named(directory: Path) -> str:
    return "This directory" if str(directory) == "." else str(directory)


def write_files(directory: Path, texts: Mapping[str, str]) -> Written:
    """Write what is absent. Raises InputError before anything is written if a folder on the way is a link, and
    ClawforgeError if a file cannot be written; whatever was made is then removed again."""
    kept = _kept(directory, texts)
    for path in texts:
        _refuse_links(directory, path)
    with _all_or_nothing(directory) as made:
        for path, text in texts.items():
            if path not in kept.values():
                made.write(directory / path, text)
    return Written(tuple(path for path in texts if path not in kept.values()), tuple(kept))


def surroundings(directory: Path) -> tuple[Path | None, Path | None]:
    """The git repository that the directory lies in, without being the top of it; and the project around it that takes
    it in.
    """
    above = directory.resolve().parents
    inside = not (directory / ".git").exists()
    repository = next((folder for folder in above if inside and (folder / ".git").exists()), None)
    project = next((folder for folder in above if (folder / PROJECT_FILE).is_file()), None)
    return repository, project if project is not None and _takes_in(project, directory.resolve()) else None


def _takes_in(project: Path, directory: Path) -> bool:
    """Whether the globs of the project lead into the directory. One whose file cannot be read may mean all."""
    from clawforge.load.glob import Glob
    from clawforge.load.project import read_project_file

    declared = read_project_file(project)
    if declared is None:
        return True
    include = [(glob := Glob.compile(text), glob.start()) for text in declared.include or ("**",)]
    exclude = [(glob := Glob.compile(text), glob.start()) for text in declared.exclude]
    for name in directory.relative_to(project).parts:
        if any(glob.covers(states, name) for glob, states in exclude):
            return False
        include = [(glob, below) for glob, states in include if (below := glob.enter(states, name))]
        exclude = [(glob, glob.enter(states, name)) for glob, states in exclude]
    return bool(include)


def _kept(directory: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """What is there already: the path that it has, and the one that is therefore not written."""
    found = {}
    for path in texts:
        present = next((one for one in (path, *_PLACES.get(path, ())) if os.path.lexists(directory / one)), None)
        if present is not None:
            found[present] = path
    return found


def _refuse_links(directory: Path, path: str) -> None:
    for folder in PurePosixPath(path).parents[:-1]:
        if (directory / folder).is_symlink():
            raise InputError(
                f"{directory / folder} is a symbolic link, and a project does not follow links.",
                hint="Nothing was written. Put a folder in its place, or choose another directory.",
            )


@dataclass(slots=True)
class _Made:
    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)

    def folder(self, path: Path) -> None:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            self.folders.append(folder)

    def write(self, path: Path, text: str) -> None:
        self.folder(path.parent)
        with path.open("x", encoding="utf-8") as stream:
            self.files.append(path)
            stream.write(text)

    def remove(self) -> None:
        for file in self.files:
            file.unlink(missing_ok=True)
        for folder in reversed(self.folders):
            folder.rmdir()


@contextmanager
def _all_or_nothing(directory: Path) -> Iterator[_Made]:
    made = _Made()
    try:
        yield made
    except OSError as error:
        made.remove()
        raise ClawforgeError(
            f"{error.filename or directory} cannot be written: {error.strerror}.",
            hint="Nothing is left of what was written before.",
        ) from error
