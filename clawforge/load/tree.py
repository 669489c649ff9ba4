"""The files of a project: which ones its globs take in, found and read without following a symbolic link."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.load.glob import Glob
from clawforge.load.limits import Limits
from clawforge.load.source_text import size_problem

PROJECT_FILE = "clawforge.yaml"
_ENDINGS = (".yaml", ".yml")
_EXCLUDE_HINT = "Remove it, or leave it out with `exclude` in clawforge.yaml."
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class TreeLimits:
    """Bounds on a whole project. What exceeds one is a diagnostic, and nothing past it is read."""

    max_files: int = 100_000
    """Files that hold resources."""

    max_entries: int = 1_000_000
    """Names in all folders that are looked into."""

    max_bytes: int = 512 * 1024 * 1024
    """Size of all files together."""

    max_depth: int = 32
    """Folders inside one another."""


DEFAULT_TREE_LIMITS = TreeLimits()


@dataclass(frozen=True, slots=True)
class Globs:
    """What a project takes in and leaves out."""

    include: tuple[Glob, ...]
    exclude: tuple[Glob, ...]

    @classmethod
    def compile(cls, include: Iterable[str] | None, exclude: Iterable[str]) -> Globs:
        """From what a project file says; without `include` everything is taken in."""
        chosen = ("**",) if include is None else include
        return cls(tuple(map(Glob.compile, chosen)), tuple(map(Glob.compile, exclude)))


@dataclass(slots=True)
class Tree:
    """The paths found, project-relative with forward slashes and sorted, and what is wrong with the others."""

    files: list[str] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    matched: set[int] = field(default_factory=set)
    """Indexes of the `include` globs that took in at least one file."""


class Entry(Protocol):
    """A name in a folder, as `os.DirEntry` describes one."""

    @property
    def name(self) -> str:
        """The name, without the folder."""

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder."""

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file."""

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""


class Folders(Protocol):
    """Where files are looked for: the disk, or what git has of it."""

    def scan(self, folder: str) -> AbstractContextManager[Iterable[Entry]]:
        """The entries of a folder, named by its path with forward slashes, empty for the root. Raises OSError."""

    def stays_inside(self, path: str) -> bool:
        """Whether a symbolic link leads to something below the root."""


class DiskFolders:
    """The folders below a directory."""

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._real_root = os.path.realpath(root)

    def scan(self, folder: str) -> AbstractContextManager[Iterable[Entry]]:
        """As the system lists them."""
        return os.scandir(os.path.join(self._root, folder))

    def stays_inside(self, path: str) -> bool:
        """Wherever the link leads at last."""
        target = os.path.realpath(os.path.join(self._root, path))
        return target.startswith(self._real_root.rstrip("/") + "/")


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    depth: int
    include: tuple[frozenset[int], ...]
    exclude: tuple[frozenset[int], ...]


class _StopWalkingError(Exception):
    """A limit is exceeded, and reported."""


def find_files(folders: Folders, globs: Globs, *, limits: TreeLimits = DEFAULT_TREE_LIMITS) -> Tree:
    """Every `.yaml` and `.yml` file that the globs take in, except the project file itself."""
    walk = _Walk(folders, globs, limits)
    with contextlib.suppress(_StopWalkingError):
        walk.run()
    walk.tree.files.sort()
    return walk.tree


class _Walk:
    """Goes through the folders with an explicit stack; links are looked at, never through."""

    def __init__(self, folders: Folders, globs: Globs, limits: TreeLimits) -> None:
        self.tree = Tree()
        self._folders = folders
        self._globs = globs
        self._limits = limits
        self._entries = 0

    def run(self) -> None:
        """Raises _StopWalkingError at the first limit."""
        include = tuple(glob.start() for glob in self._globs.include)
        exclude = tuple(glob.start() for glob in self._globs.exclude)
        stack = [_Folder("", 0, include, exclude)]
        while stack:
            folder = stack.pop()
            entries = list(self._scan(folder))
            if folder.path and any(entry.name == PROJECT_FILE for entry in entries):
                self._nested(folder.path)
                continue
            for entry in entries:
                path = f"{folder.path}/{entry.name}" if folder.path else entry.name
                below = self._visit(folder, entry, path)
                if below is not None:
                    stack.append(below)

    def _scan(self, folder: _Folder) -> Iterator[Entry]:
        try:
            with self._folders.scan(folder.path) as entries:
                for entry in entries:
                    self._entries += 1
                    if self._entries > self._limits.max_entries:
                        self._stop("too-many-files", f"More than {self._limits.max_entries:,} names.", folder.path)
                    yield entry
        except OSError as error:
            message = f"This folder cannot be read: {error.strerror}."
            hint = "Give yourself the right to read it, or leave it out with `exclude` in clawforge.yaml."
            self._report("unreadable", message, folder.path or ".", hint)

    def _visit(self, folder: _Folder, entry: Entry, path: str) -> _Folder | None:
        """Take the file in, or answer the folder to look into."""
        excluded = any(
            glob.covers(states, entry.name) for glob, states in zip(self._globs.exclude, folder.exclude, strict=True)
        )
        if excluded or path == PROJECT_FILE:
            return None
        if entry.is_dir(follow_symlinks=False):
            return self._below(folder, entry.name, path)
        if entry.name.endswith(_ENDINGS):
            takers = self._takers(folder, entry.name)
            if takers:
                self._take(entry, path, takers)
        elif entry.is_symlink() and _is_folder(entry) and self._below(folder, entry.name, path) is not None:
            self._link(path)
        return None

    def _takers(self, folder: _Folder, name: str) -> list[int]:
        pairs = zip(self._globs.include, folder.include, strict=True)
        return [index for index, (glob, states) in enumerate(pairs) if glob.covers(states, name)]

    def _below(self, folder: _Folder, name: str, path: str) -> _Folder | None:
        globs = self._globs
        include = tuple(glob.enter(states, name) for glob, states in zip(globs.include, folder.include, strict=True))
        if not any(include):
            return None
        if folder.depth >= self._limits.max_depth:
            self._report("too-deep", f"More than {self._limits.max_depth} folders inside one another.", path)
            return None
        exclude = tuple(glob.enter(states, name) for glob, states in zip(globs.exclude, folder.exclude, strict=True))
        return _Folder(path, folder.depth + 1, include, exclude)

    def _take(self, entry: Entry, path: str, takers: list[int]) -> None:
        self.tree.matched.update(takers)
        if entry.is_symlink():
            self._link(path)
        elif not entry.is_file(follow_symlinks=False):
            self._report("special-file", "This is a pipe, a socket or a device, not a file.", path)
        elif not path.isprintable():
            message = "The name of this file holds characters that do not print or are not UTF-8."
            self._report("file-name", message, path, "Rename it.")
        elif len(self.tree.files) >= self._limits.max_files:
            self._stop("too-many-files", f"More than {self._limits.max_files:,} files.", path)
        else:
            self.tree.files.append(path)

    def _link(self, path: str) -> None:
        """A link that stays inside only repeats what is read anyway; one that leads out could bring in anything."""
        if self._folders.stays_inside(path):
            message = "This symbolic link is not followed."
            hint = "What it points to is read at its own place; leave the link out with `exclude` to silence this."
            self._report("symlink", message, path, hint, Severity.WARNING)
        else:
            message = "This symbolic link leads out of the project and is not followed."
            hint = "Put the files themselves into the project, or leave the link out with `exclude` in clawforge.yaml."
            self._report("symlink", message, path, hint)

    def _nested(self, folder: str) -> None:
        message = "Another project begins here; its folder is no part of this one."
        hint = f"Leave it out: add `{printable(folder)}` to `exclude` in clawforge.yaml."
        self._report("nested-project", message, f"{folder}/{PROJECT_FILE}", hint)

    def _stop(self, code: str, message: str, path: str) -> None:
        self._report(code, message, path, "Narrow the project with `include` or `exclude` in clawforge.yaml.")
        raise _StopWalkingError

    def _report(
        self, code: str, message: str, path: str, hint: str = _EXCLUDE_HINT, severity: Severity = Severity.ERROR
    ) -> None:
        self.tree.problems.append(Diagnostic(code, message, Location(printable(path), 1, 1), hint, severity))


def _is_folder(entry: Entry) -> bool:
    """Whether a link leads to a folder; one that leads nowhere is no folder."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def printable(path: str) -> str:
    """A path that can be shown: what does not print, or is not UTF-8, is written as an escape such as `\\xff`."""
    if path.isprintable():
        return path
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(item if item.isprintable() else item.encode("unicode_escape").decode() for item in text)


def read_file(root: Path, path: str, *, limits: Limits) -> bytes | Diagnostic:
    """The bytes of a file, or why they are not read. Neither links nor pipes are opened, and no file that is too large
    is read.
    """
    location = Location(path, 1, 1)
    try:
        descriptor = os.open(os.path.join(root, path), _OPEN_FLAGS)
    except OSError as error:
        if os.path.islink(os.path.join(root, path)):
            message = "This symbolic link is not followed."
            return Diagnostic("symlink", message, location, "Put the file itself into the project.")
        return _unreadable(error, location)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            message = "This is a folder, a pipe, a socket or a device, not a file."
            return Diagnostic("special-file", message, location, _EXCLUDE_HINT)
        too_large = size_problem(status.st_size, file=path, limits=limits)
        return too_large if too_large is not None else _read(descriptor, limits.max_bytes + 1)
    except OSError as error:
        return _unreadable(error, location)
    finally:
        os.close(descriptor)


def _read(descriptor: int, most: int) -> bytes:
    """Up to so many bytes: a file may grow after its size was looked at."""
    chunks: list[bytes] = []
    while most > 0 and (chunk := os.read(descriptor, min(most, 1 << 16))):
        chunks.append(chunk)
        most -= len(chunk)
    return b"".join(chunks)


def _unreadable(error: OSError, location: Location) -> Diagnostic:
    hint = "Give yourself the right to read it, or leave it out with `exclude` in clawforge.yaml."
    return Diagnostic("unreadable", f"This file cannot be read: {error.strerror}.", location, hint)
