"""What the local git repository says about a project's files: the commit, its author, and whether files differ from it.

The one module that touches GitPython. The repository may belong to somebody else, and its configuration can name
programs (filters, monitors, hooks, transports). So objects are only ever read by id through `git cat-file --batch`,
with every transport and replacement off, and a file is compared with its blob by hash: nothing here looks at the index
or the work tree through git, which is where such programs would run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
_LINK_MODE = 0o12
_TREE_MODE = 0o04


@dataclass(frozen=True, slots=True)
class Commit:
    """The commit that HEAD names. `dirty` means that the project's files differ from it."""

    id: str
    author: str
    dirty: bool


def head_commit(root: Path, files: Iterable[str]) -> Commit | None:
    """The commit of the repository around a project, whose YAML files are given relative to it.

    None when there is no repository, no commit yet, or its objects cannot be read.
    """
    import git
    from gitdb.exc import ODBError

    try:
        with git.Repo(root, search_parent_directories=True) as repository:
            repository.git.update_environment(**_SAFE_ENVIRONMENT)
            if repository.working_tree_dir is None:
                return None
            commit = repository.head.commit
            author = f"{commit.author.name or ''} <{commit.author.email or ''}>"
            below = PurePosixPath(root.resolve().relative_to(Path(repository.working_tree_dir).resolve()).as_posix())
            committed = _blobs(repository, commit.tree.binsha, below)
            return Commit(commit.hexsha, author, _differs(root, files, committed))
    except (git.GitError, ODBError, ValueError, OSError, LookupError):
        return None


def _differs(root: Path, files: Iterable[str], committed: dict[str, bytes]) -> bool:
    present = set(files)
    missing = {name for name in committed if name.endswith((".yaml", ".yml"))} - present
    hidden = {name for name in missing if any(part.startswith(".") for part in PurePosixPath(name).parts)}
    if any(not (root / name).exists() for name in missing - hidden):
        return True
    return any(committed.get(name) not in _blob_ids(root / name) for name in present)


def _blob_ids(path: Path) -> tuple[bytes, ...]:
    """The ids that a file has as a blob, as it is and with Windows line ends turned to Unix ones."""
    data = path.read_bytes()
    ids = [_blob_id(data)]
    if b"\r\n" in data:
        ids.append(_blob_id(data.replace(b"\r\n", b"\n")))
    return tuple(ids)


def _blob_id(data: bytes) -> bytes:
    # git names objects by SHA-1; nothing here relies on it against an attacker
    return hashlib.sha1(b"blob %d\x00" % len(data) + data, usedforsecurity=False).digest()


def _blobs(repository: Repo, tree: bytes, below: PurePosixPath) -> dict[str, bytes]:
    """Regular files of a tree below a folder, by path relative to that folder."""
    for part in below.parts:
        match = [sha for sha, mode, name in _entries(repository, tree) if name == part and mode >> 12 == _TREE_MODE]
        if not match:
            return {}
        tree = match[0]
    found: dict[str, bytes] = {}
    stack = [("", tree)]
    while stack:
        prefix, here = stack.pop()
        for sha, mode, name in _entries(repository, here):
            if mode >> 12 == _TREE_MODE:
                stack.append((f"{prefix}{name}/", sha))
            elif mode >> 12 != _LINK_MODE:
                found[f"{prefix}{name}"] = sha
    return found


def _entries(repository: Repo, tree: bytes) -> list[tuple[bytes, int, str]]:
    from git.objects.fun import tree_entries_from_data

    return list(tree_entries_from_data(repository.odb.stream(tree).read()))
