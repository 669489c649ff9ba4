"""What formatting changes, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clawforge.diagnostic import Diagnostic, has_errors
from clawforge_cli.views.terminal import Printer, safe

_STYLES = (("---", "bold"), ("+++", "bold"), ("@@", "cyan"), ("-", "red"), ("+", "green"))
_NO_LINE_END = "\n\\ No newline at end of file"


def show_diff(name: str, before: bytes, after: bytes, printer: Printer) -> None:
    """A unified diff of two texts in UTF-8."""
    from difflib import unified_diff

    for line in unified_diff(_lines(before), _lines(after), name, name, lineterm=""):
        style = next((style for start, style in _STYLES if line.startswith(start)), "")
        for part in line.split("\n"):
            printer.line((style, safe(part)) if style else safe(part))


@dataclass(slots=True)
class Tally:
    """How many files there were of each sort. `written` tells whether those that change were written."""

    written: bool
    changed: int = 0
    unchanged: int = 0
    foreign: int = 0
    refused: int = 0

    def left_alone(self, reasons: Sequence[Diagnostic]) -> None:
        """Count a file that stays as it is for these reasons."""
        if has_errors(tuple(reasons)):
            self.refused += 1
        else:
            self.foreign += 1

    def sentence(self) -> str:
        """All of it in one sentence."""
        counts = {
            f"{_files(self.changed)} {'formatted' if self.written else 'would be formatted'}": self.changed,
            f"{_files(self.unchanged)} unchanged": self.unchanged,
            f"{_files(self.foreign)} of other programs left alone": self.foreign,
            f"{_files(self.refused)} left alone because of problems": self.refused,
        }
        return ", ".join(text for text, count in counts.items() if count) + "." if any(counts.values()) else "No files."


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _lines(text: bytes) -> list[str]:
    lines = text.decode().split("\n")
    last = lines.pop()
    return [*lines, last + _NO_LINE_END] if last else lines
