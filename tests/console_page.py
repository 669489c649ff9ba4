"""What a page of documentation says to type and what it shows, as a bash script and the output that must come.

A fence ```` ```console ```` holds commands after `$ ` (going on after `> `), each followed by its output. A fence
```` ```yaml file=PATH ```` is a file that the reader writes at that point. Everything of one page runs in order, in one
shell, in one directory.

In expected output a line `...` stands for any number of lines, and `...` within a line for any text. A command without
output must print nothing. One that may fail ends in `; echo "exit $?"`; any other must succeed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(```+)\s*(\S*)\s*(.*)$")
_FILE = re.compile(r"(?:^|\s)file=(\S+)")
_ANY = "..."
_MARK = "\x1e"


@dataclass(frozen=True, slots=True)
class Step:
    """A command with its expected output, or a file to write; `line` is where it stands in the page."""

    line: int
    command: str = ""
    expected: tuple[str, ...] = ()
    file: str = ""
    content: str = ""


def read_steps(text: str) -> list[Step]:
    """The steps of a page. Raises ValueError for a fence that is not closed or that does not begin with a command."""
    steps: list[Step] = []
    for number, language, rest, body in _fences(text):
        if language == "console":
            steps.extend(_commands(number, body))
        elif file := _FILE.search(rest):
            steps.append(Step(number, file=file[1], content="".join(f"{line}\n" for line in body)))
    return steps


def _fences(text: str) -> Iterator[tuple[int, str, str, list[str]]]:
    opened: tuple[int, str, str, str] | None = None
    body: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        found = _FENCE.match(line)
        if opened is None:
            if found:
                opened, body = (number, found[1], found[2], found[3]), []
        elif found and found[1] == opened[1] and not found[2]:
            yield opened[0], opened[2], opened[3], body
            opened = None
        else:
            body.append(line)
    if opened is not None:
        raise ValueError(f"line {opened[0]}: the fence is not closed")


def _commands(number: int, body: list[str]) -> Iterator[Step]:
    command, start = "", number
    expected: list[str] = []
    for at, line in enumerate(body, start=number + 1):
        if line.startswith("$ "):
            if command:
                yield Step(start, command, tuple(expected))
            command, expected, start = line[2:], [], at
        elif not command:
            raise ValueError(f"line {at}: a console block begins with a command after `$ `")
        elif line.startswith("> ") and not expected:
            command += "\n" + line[2:]
        else:
            expected.append(line.rstrip())
    if command:
        yield Step(start, command, tuple(expected))


def script(steps: list[Step]) -> str:
    """Bash that takes the steps one after the other and stops at the first that fails.

    Before each step it prints a mark with the step's number, and after the last one a mark with `done`.
    """
    lines = ["exec 2>&1 </dev/null"]
    for index, step in enumerate(steps):
        lines.append(f"printf '{_MARK}%s\\n' {index}")
        if step.file:
            path, content = shlex.quote(step.file), shlex.quote(step.content)
            lines.append(f'mkdir -p "$(dirname {path})" && printf %s {content} > {path} || exit 1')
        else:
            lines += [step.command, 'status=$?; [ $status -eq 0 ] || { echo "(it ended with $status)"; exit 1; }']
    lines.append(f"printf '{_MARK}%s\\n' done")
    return "\n".join(lines) + "\n"


def split_output(output: str) -> dict[str, list[str]]:
    """What each step printed, by its number; `done` is there when all of them ended well."""
    parts: dict[str, list[str]] = {}
    for part in output.split(_MARK)[1:]:
        index, _, text = part.partition("\n")
        parts[index] = [line.rstrip() for line in text.splitlines()]
    return parts


def matches(expected: tuple[str, ...] | list[str], actual: list[str]) -> bool:
    """Whether the output is the expected one; blank lines at either end do not count."""
    lines = _trimmed(actual)
    # How many lines of the output can be behind us when the expected ones so far have been met.
    behind = {0}
    for wanted in _trimmed(expected):
        if wanted.strip() == _ANY:
            behind = set(range(min(behind), len(lines) + 1)) if behind else behind
        else:
            pattern = re.compile(".*?".join(re.escape(part) for part in wanted.split(_ANY)))
            behind = {at + 1 for at in behind if at < len(lines) and pattern.fullmatch(lines[at])}
    return len(lines) in behind


def _trimmed(lines: tuple[str, ...] | list[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[0]:
        kept.pop(0)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def pages(root: Path) -> list[Path]:
    """Every page that people read: the README files and what lies under docs/."""
    return [root / "README.md", root / "policies.example" / "README.md", *sorted((root / "docs").rglob("*.md"))]
