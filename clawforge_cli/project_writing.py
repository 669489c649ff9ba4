"""Putting many files of a project into a directory: all of them, inside of it, and nothing of somebody else's lost."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clawforge.errors import ClawforgeError, InputError
from clawforge_cli.new_files import write_files
from clawforge_cli.replace_file import replace_file


@dataclass(frozen=True, slots=True)
class WrittenProject:
    """Paths that are new, that replaced a file which said something else, and that were the same already."""

    created: tuple[str, ...]
    replaced: tuple[str, ...]
    unchanged: tuple[str, ...]


def require_empty(directory: Path) -> None:
    """Raise InputError unless the directory is absent or empty."""
    if os.path.lexists(directory) and not directory.is_dir():
        raise InputError(f"{directory} is no directory.", hint="Name one that is empty, or one that shall be made.")
    if directory.is_dir() and any(directory.iterdir()):
        raise InputError(
            f"{directory} is not empty.",
            hint="Name another directory; --force replaces files of this one that are written anew, and no others.",
        )


def write_project(directory: Path, texts: Mapping[str, str]) -> WrittenProject:
    """Write every file. Nothing is written through a link, and files that are not named stay as they are.

    Raises InputError before anything is written for what is there and is no plain file, or stands behind a link, and
    ClawforgeError if a file cannot be written.
    """
    present = {path: before for path in texts if (before := _present(directory, path)) is not None}
    done = write_files(directory, texts)
    replaced = []
    for path, before in present.items():
        after = texts[path].encode()
        if after != before:
            replace_file(directory / path, before, after)
            replaced.append(path)
    unchanged = tuple(path for path in present if path not in replaced)
    return WrittenProject(done.written, tuple(replaced), unchanged)


def _present(directory: Path, path: str) -> bytes | None:
    """What the file holds now; None if there is none."""
    place = directory / path
    if not os.path.lexists(place):
        return None
    if place.is_symlink() or not place.is_file():
        raise InputError(
            f"{place} is in the way: it is no plain file.",
            hint="Nothing was written. Move it away, or choose another directory.",
        )
    try:
        return place.read_bytes()
    except OSError as error:
        raise ClawforgeError(f"{place} cannot be read: {error.strerror}.", hint="Nothing was written.") from error
