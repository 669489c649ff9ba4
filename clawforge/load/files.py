"""Where a project's files are read from: the disk, or what was on it when each of them was first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from clawforge.diagnostic import Diagnostic
from clawforge.load.limits import DEFAULT_LIMITS, Limits
from clawforge.load.source_text import size_problem
from clawforge.load.tree import (
    DEFAULT_TREE_LIMITS,
    PROJECT_FILE,
    DiskFolders,
    Globs,
    Tree,
    TreeLimits,
    find_files,
    read_file,
)


class Files:
    """The files below a directory, found and read anew each time."""

    def __init__(
        self, root: Path, *, limits: Limits = DEFAULT_LIMITS, tree_limits: TreeLimits = DEFAULT_TREE_LIMITS
    ) -> None:
        self.root = root
        self.limits = limits
        self.tree_limits = tree_limits

    def has(self, path: str) -> bool:
        """Whether something of that name is there, be it a link that leads nowhere."""
        place = self.root / path
        return place.exists() or place.is_symlink()

    def find(self, globs: Globs) -> Tree:
        """The files that the globs take in, as `clawforge.load.tree.find_files`."""
        return find_files(DiskFolders(self.root), globs, limits=self.tree_limits)

    def read(self, path: str) -> bytes | Diagnostic:
        """The bytes of a file, or why they are not read, as `clawforge.load.tree.read_file`."""
        return read_file(self.root, path, limits=self.limits)


class Snapshot(Files):
    """Files that are found and read once: whoever asks again gets the first answer.

    Up to `most` bytes stay in memory. With the first file beyond them it stops being `whole`: that file, and others
    that do not fit, are read anew each time.
    """

    def __init__(self, root: Path, *, most: int) -> None:
        super().__init__(root)
        self.whole = True
        self._left = most
        self._found: dict[Globs, Tree] = {}
        self._read: dict[str, bytes | Diagnostic] = {}

    def find(self, globs: Globs) -> Tree:
        """As it was the first time."""
        if globs not in self._found:
            self._found[globs] = super().find(globs)
        return self._found[globs]

    def read(self, path: str) -> bytes | Diagnostic:
        """As it was the first time, while the snapshot is whole."""
        if path in self._read:
            return self._read[path]
        data = super().read(path)
        size = len(data) if isinstance(data, bytes) else 0
        if size > self._left:
            self.whole = False
        else:
            self._left -= size
            self._read[path] = data
        return data


class Intended(Files):
    """The files below a directory as they would be if some of them were written; it need not exist yet."""

    def __init__(self, root: Path, texts: Mapping[str, bytes]) -> None:
        super().__init__(root)
        self._texts = texts

    def has(self, path: str) -> bool:
        """Whether it is there, or would be."""
        return path in self._texts or super().has(path)

    def find(self, globs: Globs) -> Tree:
        """The files that the globs would take in."""
        tree = super().find(globs) if self.root.is_dir() else Tree()
        for path in self._texts:
            takers = {number for number, glob in enumerate(globs.include) if glob.takes(path)}
            if path != PROJECT_FILE and takers and not any(glob.takes(path) for glob in globs.exclude):
                tree.matched.update(takers)
                tree.files.append(path)
        tree.files = sorted(set(tree.files))
        return tree

    def read(self, path: str) -> bytes | Diagnostic:
        """The bytes that would be there."""
        data = self._texts.get(path)
        if data is None:
            return super().read(path)
        return size_problem(len(data), file=path, limits=self.limits) or data
