"""Reading the folder of a skill: every file once, nothing through a link, and no more than a skill may be."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from clawforge.errors import InputError
from clawforge.skill.content import MOST_BYTES, MOST_FILES, MOST_FOLDERS, SkillFile, content_digest

MANIFEST = "SKILL.md"
_MOST_MANIFEST = 64 * 1024
_BLOCK = 1024 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that nobody writes to must not hold us before it is known to be one.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class SkillFolder:
    """What a folder holds: its digest, and the beginning of its SKILL.md, empty if there is none."""

    digest: str
    manifest: bytes

    def manifest_text(self) -> str:
        """The SKILL.md. Raises InputError for one that is too long to be shown to reviewers, or no text."""
        if len(self.manifest) > _MOST_MANIFEST:
            raise _refused(MANIFEST, f"has more than {_MOST_MANIFEST // 1024} KiB")
        try:
            return self.manifest.decode()
        except UnicodeDecodeError as error:
            raise _refused(MANIFEST, "is not UTF-8") from error


def read_skill(folder: Path) -> SkillFolder:
    """The content of a skill's folder.

    Raises InputError for a link, a device or another special file anywhere below, for what cannot be read, and for more
    than a skill may be.
    """
    reading = _Reading()
    try:
        # The folder itself may be named through a link: that is the caller's choice, and not the skill's.
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}.", hint="Name the folder of a skill.") from error
    try:
        reading.walk(top, "", 0)
    finally:
        os.close(top)
    return SkillFolder(content_digest(reading.files), bytes(reading.manifest))


class _Reading:
    """One pass over a folder. Every name is opened below its parent's descriptor, so nobody can move it meanwhile."""

    def __init__(self) -> None:
        self.files: list[SkillFile] = []
        self.size = 0
        self.manifest = bytearray()

    def walk(self, folder: int, prefix: str, depth: int) -> None:
        if depth > MOST_FOLDERS:
            raise _refused(prefix, f"lies in more than {MOST_FOLDERS} folders")
        for name in sorted(os.listdir(folder)):
            path = f"{prefix}{name}"
            try:
                self._entry(folder, name, path, depth)
            except OSError as error:
                raise _refused(path, f"cannot be read: {error.strerror}") from error

    def _entry(self, folder: int, name: str, path: str, depth: int) -> None:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            below = os.open(name, _FOLDER, dir_fd=folder)
            try:
                self.walk(below, f"{path}/", depth + 1)
            finally:
                os.close(below)
        elif stat.S_ISREG(mode):
            if len(self.files) == MOST_FILES:
                raise _refused(path, f"is one more than the {MOST_FILES:,} files that a skill may have")
            self._file(os.open(name, _FILE, dir_fd=folder), path)
        else:
            raise _refused(path, "is a symbolic link" if stat.S_ISLNK(mode) else "is no plain file")

    def _file(self, descriptor: int, path: str) -> None:
        hashed = hashlib.sha256()
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(path, "is no plain file")
            while block := stream.read(_BLOCK):
                self.size += len(block)
                if self.size > MOST_BYTES:
                    raise _refused(path, f"is beyond the {MOST_BYTES // 1024**2} MiB that a skill may have")
                hashed.update(block)
                if path == MANIFEST and len(self.manifest) <= _MOST_MANIFEST:
                    self.manifest += block[: _MOST_MANIFEST + 1]
        self.files.append(SkillFile(path, hashed.hexdigest()))


def _refused(path: str, why: str) -> InputError:
    return InputError(
        f"In this skill {path!r} {why}.",
        hint="A skill is plain files below one folder; agents refuse anything else.",
        code="bad-skill",
    )
