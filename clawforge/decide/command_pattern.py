"""Command patterns (SPEC.md 3): what a policy says about one simple command, as in `git status **`."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from clawforge.decide.shell import ParsedCommand, SimpleCommand

_BLANKS = " \t"
_SHELL_CHARACTERS = "|&;<>()`"


@dataclass(frozen=True, slots=True)
class WordGlob:
    """The literal pieces between the `*` of a word; one piece: the word has no `*`."""

    pieces: tuple[str, ...]

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` is meant."""
        first, *others = self.pieces
        if not others:
            return text == first
        *middle, last = others
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        # The leftmost place for each piece leaves the most room for the rest, so no other needs to be tried.
        at, end = len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


@dataclass(frozen=True, slots=True)
class CommandPattern:
    """Words that must match a simple command's: the first its program's base name, each other one argument.

    `*` stands for any characters within one word, none included; `**` as the last word for any further
    arguments, none included. Quotes and backslashes work as in a shell and make `*` an ordinary character.

    A plain name such as `git` stands for the program that the system finds under it, also when it is called as
    `/usr/bin/git`; `./git` is another program, which only a pattern that spells the same path allows.
    """

    text: str
    words: tuple[WordGlob, ...] = field(repr=False, compare=False)
    """The program, and what each argument must be, without the last `**`."""
    is_open: bool = field(repr=False, compare=False)
    """Whether any further arguments may follow: the pattern ends in `**`."""

    @classmethod
    def parse(cls, text: str) -> CommandPattern:
        """Read a pattern. Raises ValueError with a sentence for the author of the policy."""
        words = _split(text)
        is_open = bool(words) and words[-1] == (_STAR, _STAR)
        if is_open:
            words = words[:-1]
        if not words:
            raise ValueError("a command pattern begins with the name of a program, as in `git status **`")
        for word in words:
            if any(pair == (_STAR, _STAR) for pair in pairwise(word)):
                raise ValueError("`**` may only stand alone, as the last word of a pattern; use `*` here")
        if "/" in words[0] and _STAR in words[0]:
            raise ValueError("a program that is named by its path is written in full, without `*`: `./gradlew`")
        if not words[0]:
            raise ValueError("the program of a command pattern must not be empty")
        return cls(text, tuple(_word(word) for word in words), is_open)

    def __str__(self) -> str:
        return self.text

    def matches(self, command: SimpleCommand) -> bool:
        """Whether this pattern allows `command`: it describes the whole of it, and names the very program."""
        if self.is_by_path:
            return self._describes(command.directory + command.program, command)
        return command.is_system_program and self._describes(command.program, command)

    def describes(self, command: SimpleCommand) -> bool:
        """Whether `command` looks like what this pattern says, from whatever directory; this is what deny goes by."""
        path = command.directory + command.program
        return self._describes(command.program, command) or self._describes(path, command)

    @property
    def is_by_path(self) -> bool:
        """Whether the program is spelled with its directory, which is then part of what must match."""
        return "/" in "".join(self.words[0].pieces)

    def _describes(self, program: str, command: SimpleCommand) -> bool:
        values = (program, *command.arguments)
        if len(values) < len(self.words) or (len(values) > len(self.words) and not self.is_open):
            return False
        return all(word.matches(value) for word, value in zip(self.words, values, strict=False))


def matches_all(parsed: ParsedCommand, lists: Sequence[Sequence[CommandPattern]]) -> bool:
    """Whether every simple command matches a pattern of every list.

    False if any part is opaque, if there is no command, or if there is no list: an absent allow list allows
    nothing.
    """
    if parsed.opaque or not parsed.commands or not lists:
        return False
    return all(
        any(pattern.matches(command) for pattern in patterns) for patterns in lists for command in parsed.commands
    )


def matches_any(parsed: ParsedCommand, patterns: Iterable[CommandPattern]) -> SimpleCommand | None:
    """The first command that a pattern matches, also among those seen inside wrappers. Best effort where
    opaque.
    """
    every = tuple(patterns)
    for command in (*parsed.commands, *parsed.inner):
        if any(pattern.describes(command) for pattern in every):
            return command
    return None


class _Star:
    """An unquoted `*`, which is no character."""


_STAR = _Star()
_Characters = tuple["str | _Star", ...]


def _word(characters: _Characters) -> WordGlob:
    pieces = [""]
    for character in characters:
        if isinstance(character, str):
            pieces[-1] += character
        else:
            pieces.append("")
    return WordGlob(tuple(pieces))


def _split(text: str) -> list[_Characters]:
    """The words of a pattern, unquoted, with `_STAR` for each unquoted `*`."""
    if any(unicodedata.category(character) in ("Cc", "Cs") and character != "\t" for character in text):
        raise ValueError("a command pattern is one line without control characters")
    words: list[_Characters] = []
    at = 0
    while at < len(text):
        if text[at] in _BLANKS:
            at += 1
            continue
        word, at = _read_word(text, at)
        words.append(word)
    return words


def _read_word(text: str, at: int) -> tuple[_Characters, int]:
    """The word that starts at `at`, and where it ends."""
    word: list[str | _Star] = []
    while at < len(text) and text[at] not in _BLANKS:
        character = text[at]
        if character in _SHELL_CHARACTERS:
            raise ValueError(
                f"a pattern describes one command, so it cannot have an unquoted `{character}`; "
                "write one pattern for each program of a command line, or quote the character"
            )
        if character in "'\"":
            quoted, at = _read_quoted(text, at)
            word.extend(quoted)
        elif character == "\\":
            if at + 1 == len(text):
                raise ValueError("a command pattern must not end in a backslash")
            word.append(text[at + 1])
            at += 2
        else:
            word.append(_STAR if character == "*" else character)
            at += 1
    return tuple(word), at


def _read_quoted(text: str, at: int) -> tuple[str, int]:
    """The text between the quote at `at` and its fellow, and where reading goes on."""
    quote, value = text[at], ""
    at += 1
    while at < len(text) and text[at] != quote:
        if quote == '"' and text[at] == "\\" and text[at + 1 : at + 2] in ("$", "`", '"', "\\"):
            at += 1
        value += text[at]
        at += 1
    if at == len(text):
        raise ValueError(f"a command pattern has an opening {quote} without its closing one")
    return value, at + 1
