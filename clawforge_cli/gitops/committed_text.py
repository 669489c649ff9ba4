"""Changed files against what a commit has: a proposal takes nothing along that nobody committed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge_cli.gitops.plumbing import Plumbing

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText

_NEW_FILE = b"100644"
_FOLDER = b"040000"
_FILES = frozenset({_NEW_FILE, b"100755"})
_ENTRY = re.compile(rb"([0-7]{6}) [a-z]+ ([0-9a-f]+) +(-|[0-9]+)\t(.*)", re.DOTALL)
_LONE_LINE_FEED = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class CommittedText:
    """A file as a commit is to have it; `path` is relative to the top of the repository."""

    path: bytes
    mode: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: bytes
    blob: str
    size: int


def committed_texts(plumbing: Plumbing, commit: str, files: Sequence[ChangedText]) -> tuple[CommittedText, ...]:
    """The files as the next commit is to have them, with the modes and line ends that they have in this one.

    Raises InputError for a file that is not in the commit what it was when the change was worked out, and for one that
    stands where the commit has something else.
    """
    paths = {item.path: plumbing.prefix + os.fsencode(item.path) for item in files}
    entries = _entries(plumbing, commit, paths.values())
    found = []
    for item in files:
        path = paths[item.path]
        _refuse_foreign_folders(path, entries)
        entry = entries.get(path)
        if entry is None:
            if item.before is not None:
                raise _differs(item.path, "is not committed")
            found.append(CommittedText(path, _NEW_FILE, item.after))
            continue
        if entry.mode not in _FILES:
            raise InputError(f"{item.path} is no plain file in the commit, so it is not changed there.")
        found.append(CommittedText(path, entry.mode, _after(plumbing, entry, item)))
    return tuple(found)


def _after(plumbing: Plumbing, entry: _Entry, item: ChangedText) -> bytes:
    before = item.before
    if before is None:
        raise _differs(item.path, "was removed from the work tree, and is in the commit")
    # Git may write other line ends into the work tree than it keeps.
    kept = before if entry.size == len(before) else before.replace(b"\r\n", b"\n")
    if entry.size != len(kept) or plumbing.run("cat-file", "blob", entry.blob) != kept:
        raise _differs(item.path, "differs from what is committed")
    return with_line_ends_of(kept, item.after)


def with_line_ends_of(before: bytes, after: bytes) -> bytes:
    """The text with the line ends of another one, where that has only one sort."""
    if b"\r\n" not in before:
        return after.replace(b"\r\n", b"\n")
    return after if _LONE_LINE_FEED.search(before) else _LONE_LINE_FEED.sub(b"\r\n", after)


def _differs(path: str, how: str) -> InputError:
    return InputError(
        f"{path} {how}, so a commit of this change would take along what is not part of it.",
        hint="Commit or stash your own changes of that file first.",
        code="uncommitted-changes",
    )


def _refuse_foreign_folders(path: bytes, entries: dict[bytes, _Entry]) -> None:
    parts = path.split(b"/")
    for count in range(1, len(parts)):
        folder = b"/".join(parts[:count])
        entry = entries.get(folder)
        if entry is not None and entry.mode != _FOLDER:
            raise InputError(f"{os.fsdecode(folder)} is no folder in the commit, so nothing is put into it.")


def _entries(plumbing: Plumbing, commit: str, paths: Iterable[bytes]) -> dict[bytes, _Entry]:
    """What the commit has at these paths, and at the folders on the way."""
    wanted: dict[bytes, None] = {}
    for path in paths:
        parts = path.split(b"/")
        wanted.update({b"/".join(parts[: count + 1]): None for count in range(len(parts))})
    said = plumbing.run("ls-tree", "-z", "-l", "--full-tree", commit, "--", *wanted)
    entries = {}
    for line in said.split(b"\0"):
        match = _ENTRY.fullmatch(line)
        if match is not None:
            size = -1 if match[3] == b"-" else int(match[3])
            entries[match[4]] = _Entry(match[1], match[2].decode("ascii"), size)
    return entries
