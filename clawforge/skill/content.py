"""The content digest of a skill (SPEC.md 10): one value for everything that stands in its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from clawforge.canonical import digest_of_bytes
from clawforge.errors import InputError

MOST_FILES = 5_000
MOST_BYTES = 256 * 1024 * 1024
"""Of all files of a skill together."""
MOST_FOLDERS = 32
"""Folders inside one another."""

_HEX = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SkillFile:
    """A file of a skill: its path below the folder, with `/` between names, and the SHA-256 of its content in hex."""

    path: str
    sha256: str


def content_digest(files: Iterable[SkillFile]) -> str:
    """`sha256:<hex>` over one line for each file, in the order of the bytes of their paths.

    Raises InputError for no file at all or too many, for a path that leaves the folder, is there twice, or could be
    read as another line.
    """
    lines: dict[bytes, str] = {}
    for file in files:
        path = _checked(file.path)
        if not _HEX.fullmatch(file.sha256):
            raise InputError(f"{file.sha256!r} is not a SHA-256 in hexadecimal digits.", code="bad-skill")
        if path in lines:
            raise InputError(f"The skill holds {file.path!r} twice.", code="bad-skill")
        if len(lines) == MOST_FILES:
            raise InputError(
                f"The skill has more than {MOST_FILES:,} files.",
                hint="Leave out what it does not need.",
                code="bad-skill",
            )
        lines[path] = file.sha256
    if not lines:
        raise InputError("The skill holds no file.", hint="Name the folder that has its SKILL.md.", code="bad-skill")
    return digest_of_bytes(b"".join(lines[path].encode() + b"  " + path + b"\n" for path in sorted(lines)))


def _checked(path: str) -> bytes:
    try:
        encoded = path.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"The name {path!r} is not UTF-8.", hint="Rename the file.", code="bad-skill") from error
    if "\n" in path or "\0" in path:
        raise InputError(f"The name {path!r} holds a line feed or a NUL.", hint="Rename the file.", code="bad-skill")
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise InputError(f"The path {path!r} is not one below the folder of the skill.", code="bad-skill")
    return encoded
