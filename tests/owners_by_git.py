"""Owners of files as git reads the patterns of a CODEOWNERS file."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from git_repository import Repository


def read_by_git(repository: Repository, lines: Sequence[str], paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The owners of each path by the last line that fits, as git reads patterns: one by one, for git stops at a folder
    that is meant, and forges do not."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(paths, ())
    for line in lines:
        if line.startswith("#"):
            continue
        pattern, *owners = line.replace("\\ ", "\x00").split(" ")
        Path(repository.root, ".git", "info", "exclude").write_text(pattern.replace("\x00", "\\ ") + "\n")
        said = subprocess.run(
            ["git", "check-ignore", "--no-index", "-z", "--stdin"],
            cwd=repository.root,
            input="\0".join(paths),
            capture_output=True,
            text=True,
            check=False,
        )
        found.update(dict.fromkeys(said.stdout.split("\0")[:-1], tuple(owners)))
    return found
