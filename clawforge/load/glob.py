"""The globs of `include` and `exclude`: on project-relative paths, linear in the length of both."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints


def check_glob(text: str) -> None:
    """Raises ValueError unless the text is a relative glob that stays inside the project."""
    parts = text.split("/")
    if text.startswith("/") or "\\" in text:
        raise ValueError(f"{text!r} is not a path of this project: use a relative path with forward slashes")
    if ".." in parts or "." in parts:
        raise ValueError(f"{text!r} holds `.` or `..`: use a path inside the project, such as policies/**/*.yaml")
    if not text.strip("/"):
        raise ValueError("a glob is empty: use a path inside the project, such as policies/**/*.yaml")


def _checked(text: str) -> str:
    check_glob(text)
    return text


GlobText = Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_checked)]
Globs = Annotated[tuple[GlobText, ...], Field(max_length=256)]
"""As people write them in clawforge.yaml."""


@dataclass(frozen=True, slots=True)
class Glob:
    """`*`, `?` and `[...]` match within a name, `**` any number of folders; a glob that matches a folder covers all
    that lies below it. Only a part that itself begins with a dot matches a folder whose name does.
    """

    text: str
    names: tuple[str, ...]
    patterns: tuple[re.Pattern[str] | None, ...]

    @classmethod
    def compile(cls, text: str) -> Glob:
        """Raises ValueError for what `check_glob` refuses."""
        check_glob(text)
        names = tuple(name for name in text.split("/") if name)
        patterns = (None if name == "**" else re.compile(fnmatch.translate(name)) for name in names)
        return cls(text, names, tuple(patterns))

    def start(self) -> frozenset[int]:
        """The parts that may match the first name of a path."""
        return self._closed({0})

    def enter(self, states: frozenset[int], folder: str) -> frozenset[int]:
        """The parts that may match what lies in this folder; none if the glob reaches nothing there."""
        return self._advance(states, folder, hidden=folder.startswith("."))

    def covers(self, states: frozenset[int], name: str) -> bool:
        """Whether the glob matches this name, or a folder around it."""
        return len(self.patterns) in self._advance(states, name, hidden=False)

    def takes(self, path: str, *, dotted: bool = False) -> bool:
        """Whether the glob matches this project-relative file, or a folder around it; with `dotted` also through
        folders whose names begin with a dot.
        """
        *folders, name = path.split("/")
        states = self.start()
        for folder in folders:
            states = self._advance(states, folder, hidden=False) if dotted else self.enter(states, folder)
        return self.covers(states, name)

    def _advance(self, states: frozenset[int], name: str, *, hidden: bool) -> frozenset[int]:
        found: set[int] = set()
        for state in states:
            pattern = self.patterns[state] if state < len(self.patterns) else None
            if pattern is None:
                if not hidden:
                    found.add(state)
            elif pattern.match(name) and (not hidden or self.names[state].startswith(".")):
                found.add(state + 1)
        return self._closed(found)

    def _closed(self, states: set[int]) -> frozenset[int]:
        """`**` may match nothing at all."""
        for state in sorted(states):
            while state < len(self.patterns) and self.patterns[state] is None:
                state += 1
                states.add(state)
        return frozenset(states)
