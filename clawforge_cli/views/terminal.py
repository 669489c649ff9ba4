"""Writing to a terminal: untrusted text is made harmless, colour comes only where it is wanted."""

from __future__ import annotations

import sys
import unicodedata
from typing import TextIO

from clawforge_cli.settings import colour_wanted

Styled = tuple[str, str]
Segment = str | Styled

_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def safe(text: object) -> str:
    """Text in which control, bidirectional and invisible characters are written out, so that none of them acts."""
    value = str(text)
    if value.isascii() and value.isprintable():
        return value
    return "".join(
        f"\\u{{{ord(character):04x}}}" if unicodedata.category(character) in _HARMFUL else character
        for character in value
    )


class Printer:
    """Prints lines made of segments, plain or styled; the caller passes untrusted parts through `safe`."""

    def __init__(self, stream: TextIO | None = None, *, colour: bool | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._colour = colour_wanted() if colour is None else colour

    def line(self, *segments: Segment) -> None:
        """One line; a segment is text, or (style, text)."""
        if not self._colour:
            self._stream.write("".join(part if isinstance(part, str) else part[1] for part in segments) + "\n")
            return
        from rich.console import Console
        from rich.text import Text

        text = Text()
        for part in segments:
            if isinstance(part, str):
                text.append(part)
            else:
                text.append(part[1], style=part[0])
        Console(file=self._stream, soft_wrap=True, highlight=False, markup=False, emoji=False).print(text)


def note(message: str) -> None:
    """A remark for people on standard error, where it never mixes with a format on standard output."""
    sys.stderr.write(message + "\n")
