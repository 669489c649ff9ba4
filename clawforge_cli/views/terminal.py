"""Writing to a terminal or a log: untrusted text is made harmless, colour comes only where it is wanted."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from clawforge_cli.settings import colour_wanted, terminal_columns

if TYPE_CHECKING:
    from rich.console import Console

Styled = tuple[str, str]
Segment = str | Styled

LOG_COLUMNS = 120
"""Room on a line where no terminal says how much there is. Logs and pagers scroll sideways or fold."""

_FEWEST_COLUMNS, _MOST_COLUMNS = 40, 200
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# Build services take these for commands wherever they stand in a line of a log: GitHub's old form, Azure, TeamCity.
_LOG_COMMAND = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)


def safe(text: object) -> str:
    """Text in which control, bidirectional and invisible characters are written out, so that none of them acts; nor
    does anything that a build service would take for a command in the middle of a line. Doing it twice changes nothing.
    """
    value = _without_log_commands(str(text))
    if value.isascii() and value.isprintable():
        return value
    return "".join(
        f"\\u{{{ord(character):04x}}}" if unicodedata.category(character) in _HARMFUL else character
        for character in value
    )


def _without_log_commands(text: str) -> str:
    return _LOG_COMMAND.sub(r"\\u{0023}#", text) if "##" in text else text


def _inert(line: str) -> str:
    """The line with nothing in it that a build service would take for a command, not even where harmless parts meet."""
    line = _without_log_commands(line)
    # GitHub's runner looks at the beginning of a line only, behind blanks.
    return line.replace("::", "\\u{003a}:", 1) if line.lstrip().startswith("::") else line


def harmless(document: Any) -> Any:
    """A document of mappings, lists and scalars with every text in it, keys included, made `safe`."""
    if isinstance(document, str):
        return safe(document)
    if isinstance(document, dict):
        return {safe(key): harmless(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [harmless(value) for value in document]
    return document


def columns(text: str) -> int:
    """How many columns of a terminal a text without control characters takes up."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrapped(text: str, room: int, *, taken: int = 0) -> list[str]:
    """The lines of a text that has no line ends, broken at blanks; a word that is too long for a line stays whole. On
    the first line `taken` columns are in use.
    """
    words = text.split(" ")
    lines = [words[0]]
    for word in words[1:]:
        used = columns(lines[-1]) + (taken if len(lines) == 1 else 0)
        if used + 1 + columns(word) <= room:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


class Printer:
    """Prints lines made of segments, plain or styled; the caller passes untrusted parts through `safe`."""

    def __init__(self, stream: TextIO | None = None, *, colour: bool | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._colour = colour_wanted(self._stream) if colour is None else colour

    @cached_property
    def folds(self) -> bool:
        """Whether a person reads along, so that long lines are better broken between words; elsewhere a line is a
        line, which can be searched for.
        """
        return terminal_columns(self._stream) is not None

    @cached_property
    def columns(self) -> int:
        """Room on a line."""
        return min(max(terminal_columns(self._stream) or LOG_COLUMNS, _FEWEST_COLUMNS), _MOST_COLUMNS)

    def line(self, *segments: Segment) -> None:
        """One line; a segment is text, or (style, text). What a build service would take for a command is not one."""
        plain = "".join(part if isinstance(part, str) else part[1] for part in segments)
        inert = _inert(plain)
        if self._colour and inert == plain:
            self._console.print(self._text(segments))
        else:
            self._stream.write(inert + "\n")

    def paragraph(
        self, text: str, *, first: tuple[Segment, ...] = (), hang: int | None = None, style: str = ""
    ) -> None:
        """Text after the segments `first`. Where lines are folded, the further ones begin at the column `hang`, or
        where the text began.
        """
        taken = columns("".join(part if isinstance(part, str) else part[1] for part in first))
        # In a narrow terminal a deep indent would leave no room for words.
        indent = min(taken if hang is None else hang, self.columns // 3)
        room = self.columns - indent
        lines = wrapped(text, room, taken=taken - indent) if self.folds else [text]
        for number, line in enumerate(lines):
            self.line(*(first if number == 0 else (" " * indent,)), (style, line) if style else line)

    def command(self, text: str) -> None:
        """One line that is meant to be a command to GitHub's runner."""
        self._stream.write(text + "\n")

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(file=self._stream, soft_wrap=True, highlight=False, markup=False, emoji=False)

    @staticmethod
    def _text(segments: tuple[Segment, ...]) -> Any:
        from rich.text import Text

        return Text.assemble(*(part if isinstance(part, str) else (part[1], part[0]) for part in segments))


def note(message: str) -> None:
    """A remark for people on standard error, where it never mixes with a format on standard output."""
    sys.stderr.write(_inert(message) + "\n")
