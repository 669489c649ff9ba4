"""Objects of the git repository around a project: commits, folders and files, read by id.

The one module that touches GitPython. The repository may belong to somebody else, and its configuration can name
programs (filters, monitors, hooks, transports). So objects are only ever read by id through `git cat-file --batch`,
with every transport and replacement off: nothing here looks at the index or the work tree through git, which is where
such programs would run.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git import Repo

_SAFE_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
}
_TREE, _FILE, _LINK, _SUBMODULE = 0o04, 0o10, 0o12, 0o16
_IMPOSSIBLE = frozenset({"", ".", ".."})
_FOREIGN = ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_EXEC_PATH")
_LARGEST_FOLDER = 64 * 1024 * 1024


class NoObjectsError(Exception):
    """There is no repository, no commit yet, or an object is missing or damaged."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A name in a folder of a commit."""

    name: str
    sha: bytes
    mode: int

    @property
    def is_tree(self) -> bool:
        """Whether it is a folder."""
        return self.mode >> 12 == _TREE

    @property
    def is_blob(self) -> bool:
        """Whether it is a regular file."""
        return self.mode >> 12 == _FILE

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode >> 12 == _LINK

    @property
    def is_submodule(self) -> bool:
        """Whether it stands for a commit of another repository."""
        return self.mode >> 12 == _SUBMODULE


@dataclass(frozen=True, slots=True)
class CommitObject:
    """A commit. `committed` is the committer's clock; `parents` are ids, the first one first."""

    id: str
    sha: bytes
    tree: bytes
    parents: tuple[bytes, ...]
    author: str
    committed: dt.datetime
    subject: str


class Objects:
    """Reads one repository; `below` is the project's folder in it. Methods raise NoObjectsError."""

    def __init__(self, repository: Repo, below: PurePosixPath) -> None:
        self.below = below
        self._repository = repository

    def head(self) -> CommitObject:
        """The commit that HEAD names."""
        with _readable("HEAD names no commit that can be read"):
            return self.commit(self._repository.head.commit.binsha)

    def commit(self, sha: bytes) -> CommitObject:
        """A commit by id."""
        from git.objects import Commit

        with _readable():
            found = Commit(self._repository, sha)
            message = found.message if isinstance(found.message, str) else found.message.decode("utf-8", "replace")
            return CommitObject(
                id=found.hexsha,
                sha=sha,
                tree=found.tree.binsha,
                parents=tuple(parent.binsha for parent in found.parents),
                author=f"{found.author.name or ''} <{found.author.email or ''}>",
                committed=dt.datetime.fromtimestamp(found.committed_date, dt.UTC),
                subject=message.partition("\n")[0],
            )

    def project_tree(self, tree: bytes) -> bytes | None:
        """The id of the project's folder in a commit's tree; None if there was none."""
        return self.folder(tree, self.below)

    def folder(self, tree: bytes, path: PurePosixPath) -> bytes | None:
        """The id of a folder in a commit's tree, by its path from the top; None if there was none."""
        for part in path.parts:
            match = [entry.sha for entry in self.entries(tree) if entry.name == part and entry.is_tree]
            if not match:
                return None
            tree = match[0]
        return tree

    def entries(self, tree: bytes) -> list[TreeEntry]:
        """What a folder holds."""
        from git.objects.fun import tree_entries_from_data

        with _readable():
            stream = self._repository.odb.stream(tree)
            if stream.size > _LARGEST_FOLDER:
                raise NoObjectsError("a folder has too many names")
            read = tree_entries_from_data(stream.read())
        if any(name in _IMPOSSIBLE or "/" in name for _, _, name in read):
            raise NoObjectsError("a folder holds a name that no folder can hold")
        return [TreeEntry(name, sha, mode) for sha, mode, name in read]

    def size(self, blob: bytes) -> int:
        """Bytes of a file."""
        with _readable():
            return int(self._repository.odb.info(blob).size)

    def data(self, blob: bytes) -> bytes:
        """The bytes of a file; look at its size first."""
        with _readable():
            return bytes(self._repository.odb.stream(blob).read())


@contextmanager
def open_objects(root: Path, store: Mapping[str, str] | None = None) -> Iterator[Objects]:
    """The repository with a work tree around a project's directory; `store` are variables of git that name further
    places of objects. Raises NoObjectsError if there is none."""
    import git

    with _readable("there is no git repository around it"):
        repository = git.Repo(root, search_parent_directories=True)
    with repository:
        repository.git.update_environment(**_SAFE_ENVIRONMENT, **(store or {}))
        if repository.working_tree_dir is None:
            raise NoObjectsError("the git repository around it has no work tree")
        with _readable():
            below = root.resolve().relative_to(Path(repository.working_tree_dir).resolve())
        yield Objects(repository, PurePosixPath(below.as_posix()))


@contextmanager
def open_bare(directory: Path) -> Iterator[Objects]:
    """A bare repository of our own, whatever the environment says of another one. Raises NoObjectsError."""
    import git

    with _readable("there is no git repository"):
        repository = git.Repo(directory)
    with repository:
        # GitPython hands on what this process has, which could name other objects or settings.
        here = os.fspath(directory)
        repository.git.update_environment(
            **_SAFE_ENVIRONMENT,
            **dict.fromkeys(_FOREIGN, ""),
            GIT_DIR=here,
            GIT_COMMON_DIR=here,
            GIT_OBJECT_DIRECTORY=os.path.join(here, "objects"),
            GIT_GRAFT_FILE=os.devnull,
        )
        yield Objects(repository, PurePosixPath())


@contextmanager
def _readable(otherwise: str = "an object is missing or damaged") -> Iterator[None]:
    import git
    from gitdb.exc import ODBError

    try:
        yield
    except (git.GitError, ODBError, ValueError, OSError, LookupError, OverflowError) as error:
        raise NoObjectsError(otherwise) from error


def safe_environment() -> dict[str, str]:
    """Variables with which git reads no configuration but the repository's own, and fetches, replaces and asks for
    nothing."""
    return dict(_SAFE_ENVIRONMENT)
