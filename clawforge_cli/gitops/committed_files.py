"""The files of a project as a commit has them, read from its objects: nothing is checked out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clawforge.diagnostic import Diagnostic, Location
from clawforge.load.files import Files
from clawforge.load.source_text import size_problem
from clawforge.load.tree import Entry, Globs, Tree, find_files
from clawforge_cli.gitops.objects import Objects, TreeEntry

_LONGEST_TARGET = 4096


class CommittedFiles(Files):
    """The files below the project's folder in the tree of a commit; `root` only names the project.

    Regular files alone are read. A submodule is no part of the commit, so a folder of one is a problem of the project.
    """

    def __init__(self, root: Path, objects: Objects, folder: bytes) -> None:
        super().__init__(root)
        self._objects = objects
        self._folders = _Folders(objects, folder)

    def has(self, path: str) -> bool:
        """Whether the commit has something of that name."""
        return self._folders.find(path) is not None

    def find(self, globs: Globs) -> Tree:
        """The files that the globs take in. Raises NoObjectsError."""
        return find_files(self._folders, globs, limits=self.tree_limits)

    def read(self, path: str) -> bytes | Diagnostic:
        """The bytes of a file, or why they are not read. Raises NoObjectsError."""
        location = Location(path, 1, 1)
        entry = self._folders.find(path)
        if entry is None or not entry.is_blob:
            return Diagnostic("special-file", "This is a folder or a link, not a file.", location)
        too_large = size_problem(self._objects.size(entry.sha), file=path, limits=self.limits)
        return self._objects.data(entry.sha) if too_large is None else too_large


@dataclass(frozen=True, slots=True)
class _Named:
    """An entry as the walk through a project wants it."""

    entry: TreeEntry

    @property
    def name(self) -> str:
        """The name, without the folder."""
        return self.entry.name

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """A folder; a submodule is one whose content is elsewhere. Where a link leads is not looked at."""
        return self.entry.is_tree or self.entry.is_submodule

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """A regular file."""
        return self.entry.is_blob

    def is_symlink(self) -> bool:
        """A symbolic link."""
        return self.entry.is_link


class _Folders:
    """Folders by path; each is read once."""

    def __init__(self, objects: Objects, root: bytes) -> None:
        self._objects = objects
        self._trees: dict[str, dict[str, TreeEntry]] = {"": self._read(root)}

    @contextmanager
    def scan(self, folder: str) -> Iterator[Iterable[Entry]]:
        """The entries of a folder. Raises OSError for a submodule."""
        yield [_Named(entry) for entry in self._entries(folder).values()]

    def stays_inside(self, path: str) -> bool:
        """By what the link says; further links on the way are not followed."""
        entry = self.find(path)
        if entry is None or self._objects.size(entry.sha) > _LONGEST_TARGET:
            return False
        target = self._objects.data(entry.sha).decode("utf-8", "surrogateescape")
        reached = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return not posixpath.isabs(target) and reached != ".." and not reached.startswith("../")

    def find(self, path: str) -> TreeEntry | None:
        """The entry of a path; None if there is none."""
        folder, _, name = path.rpartition("/")
        try:
            return self._entries(folder).get(name)
        except OSError:
            return None

    def _entries(self, folder: str) -> dict[str, TreeEntry]:
        if folder not in self._trees:
            parent, _, name = folder.rpartition("/")
            entry = self._entries(parent).get(name)
            if entry is None or not entry.is_tree:
                raise OSError(0, "it is a submodule, and its files are in another repository")
            self._trees[folder] = self._read(entry.sha)
        return self._trees[folder]

    def _read(self, tree: bytes) -> dict[str, TreeEntry]:
        return {entry.name: entry for entry in self._objects.entries(tree)}
