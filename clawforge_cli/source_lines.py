"""The lines of a project's files, for showing where a problem is."""

from __future__ import annotations

from pathlib import Path

from clawforge.diagnostic import Diagnostic
from clawforge.load.limits import DEFAULT_LIMITS
from clawforge.load.tree import read_file


class SourceLines:
    """Reads each file once; a file that cannot be read has no lines."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files: dict[str, list[str]] = {}

    def line(self, file: str, number: int) -> str | None:
        """A line by its 1-based number, without its end; None if there is no such line."""
        if file not in self._files:
            data = read_file(self._root, file, limits=DEFAULT_LIMITS)
            text = "" if isinstance(data, Diagnostic) else data.decode("utf-8", "replace").removeprefix("\ufeff")
            self._files[file] = text.split("\n")
        lines = self._files[file]
        return lines[number - 1].removesuffix("\r") if 0 < number <= len(lines) else None
