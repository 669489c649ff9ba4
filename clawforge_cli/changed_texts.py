"""Putting changed files of a project where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.new_files import write_files
from clawforge_cli.replace_file import replace_file

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText


def write_texts(directory: Path, files: tuple[ChangedText, ...]) -> None:
    """Write what is new, then what is changed. Raises ConflictError for a file that changed meanwhile, and as
    `write_files`."""
    write_files(directory, {item.path: item.after.decode() for item in files if item.before is None})
    for item in files:
        if item.before is not None:
            replace_file(directory / item.path, item.before, item.after)
