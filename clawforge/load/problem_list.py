"""The problems of one file, collected up to a limit."""

from __future__ import annotations

from typing import NoReturn, Protocol

from clawforge.diagnostic import Diagnostic, Location
from clawforge.load.hints import HINTS

_LONGEST_SHOWN = 60


class Mark(Protocol):
    """A place in the text as libyaml counts it: from zero, in Unicode code points."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class StopReadingError(Exception):
    """A limit of the file is exceeded, and reported."""


class ProblemList:
    """Errors in the order in which they are found; the one that makes too many of them ends the reading."""

    def __init__(self, file: str, most: int) -> None:
        self.found: list[Diagnostic] = []
        self._file = file
        self._most = most

    def report(self, code: str, message: str, mark: Mark) -> None:
        """Add an error. Raises StopReadingError if it is one too many."""
        location = Location(self._file, mark.line + 1, mark.column + 1)
        self.found.append(Diagnostic(code, message, location, HINTS[code]))
        if len(self.found) >= self._most:
            code = "yaml-too-many-problems"
            message = f"{len(self.found)} problems in this file; the rest of it was not read."
            self.found.append(Diagnostic(code, message, location, HINTS[code]))
            raise StopReadingError

    def stop(self, code: str, message: str, mark: Mark) -> NoReturn:
        """Add an error and raise StopReadingError."""
        self.report(code, message, mark)
        raise StopReadingError


def shown(text: str) -> str:
    """Untrusted text for a message: short, and with nothing in it that does not print."""
    short = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"
    return f"`{short}`" if short.isprintable() else f"`{ascii(short)[1:-1]}`"
