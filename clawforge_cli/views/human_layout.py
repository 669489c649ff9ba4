"""What formatting changes, for people."""

from __future__ import annotations

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


def summary(changed: int, unchanged: int, refused: int, *, written: bool) -> str:
    """How many files there were of each sort, in one sentence."""
    done = "formatted" if written else "would be formatted"
    counts = [f"{_files(changed)} {done}"] if changed else []
    counts += [f"{_files(unchanged)} unchanged"] if unchanged or not (changed or refused) else []
    counts += [f"{_files(refused)} left alone because of problems"] if refused else []
    return ", ".join(counts) + "."


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _lines(text: bytes) -> list[str]:
    lines = text.decode().split("\n")
    last = lines.pop()
    return [*lines, last + _NO_LINE_END] if last else lines
