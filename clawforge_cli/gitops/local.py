"""What the local git repository says about a project's files: the commit, its author, and whether files differ from it.

A file is compared with its blob by hash, so that git itself looks at no file, which is where the programs of a foreign
configuration would run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clawforge_cli.gitops.objects import NoObjectsError, Objects, open_objects


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
    try:
        with open_objects(root) as objects:
            commit = objects.head()
            return Commit(commit.id, commit.author, _differs(root, files, _blobs(objects, commit.tree)))
    except (NoObjectsError, OSError):
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


def _blobs(objects: Objects, tree: bytes) -> dict[str, bytes]:
    """Regular files of the project's folder in a tree, by path relative to that folder."""
    folder = objects.project_tree(tree)
    found: dict[str, bytes] = {}
    stack = [] if folder is None else [("", folder)]
    while stack:
        prefix, here = stack.pop()
        for entry in objects.entries(here):
            if entry.is_tree:
                stack.append((f"{prefix}{entry.name}/", entry.sha))
            elif not entry.is_link:
                found[f"{prefix}{entry.name}"] = entry.sha
    return found
