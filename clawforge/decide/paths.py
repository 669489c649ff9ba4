"""Path globs: gitignore-like, without negation, on resolved paths.

`*` and `?` stay within one name, `[...]` is one character of a set, `**` is any number of names, none
included, and a backslash takes the next character literally. A glob that means a folder means everything
below it. `~` and `$WORKSPACE` stand for the places that the agent names. Globs only ever forbid, so where
case, Unicode form or an unknown place leave a doubt, the glob matches. A drive is the first name:
`/c:/Windows/**`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from clawforge.decide.resolved_path import Anchor, ResolvedPath, Surroundings


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """One character of a set; ranges hold both ends."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def holds(self, character: str) -> bool:
        """Whether it is meant, or by a set that is not negated, it in another case."""
        if self.negated:
            return not self._lists(character)
        return any(self._lists(spelling) for spelling in (character, character.lower(), character.upper()))

    def _lists(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges)


class Wildcard:
    """`*` (any characters) and `?` (one)."""


MANY, ONE = Wildcard(), Wildcard()
"""`*` and `?`"""
Token = str | CharacterSet | Wildcard


@dataclass(frozen=True, slots=True)
class NameGlob:
    """A glob for one name. `literal` if there is nothing special in it; `pieces`, without case, are what
    stands between its `*` if there is nothing else special."""

    tokens: tuple[Token, ...]
    literal: str | None
    pieces: tuple[str, ...]

    def matches(self, name: str, folded: str) -> bool:
        """Ignoring case. Takes at most len(tokens) * len(name) steps: only the last `*` is ever
        reconsidered."""
        if not self.pieces:
            return _fits(self.tokens, name) or _fits(self.tokens, folded)
        if len(self.pieces) == 1:
            return folded == self.pieces[0]
        first, *middle, last = self.pieces
        at, end = len(first), len(folded) - len(last)
        if at > end or not folded.startswith(first) or not folded.endswith(last):
            return False
        # The leftmost place for each piece leaves the most room for the rest, so no other needs to be tried.
        for piece in middle:
            found = folded.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


_ANY_NAMES = None
"""`**`"""


@dataclass(frozen=True, slots=True)
class PathGlob:
    """A glob, read once. `parts` are globs of names, None for `**`."""

    text: str
    anchor: Anchor
    parts: tuple[NameGlob | None, ...]
    needed: str | None
    """A name, without case, that every path which is meant holds; None if there is none."""

    @staticmethod
    def parse(text: str) -> PathGlob:
        """Every text has a meaning; what does not start at a place (`/`, `~`, `$WORKSPACE`) may lie
        anywhere."""
        return _parsed(text)

    def matches(self, path: ResolvedPath, around: Surroundings) -> bool:
        """Whether the path is meant or lies below what is meant, or whether that cannot be known."""
        if path.anchor is Anchor.UNKNOWN:
            return True
        if path.anchor is not Anchor.ROOT:
            return path.anchor is not self.anchor or _covers(self.parts, path)
        if self.needed is not None and self.needed not in path.folded:
            return False
        if self.anchor is Anchor.ROOT:
            return _covers(self.parts, path)
        place = self._place(around)
        if place is None:
            return _covers((_ANY_NAMES, *self.parts), path)
        return _is_below(path.names, place) and _covers(self.parts, path, len(place))

    def lies_below(self, path: ResolvedPath, around: Surroundings) -> bool:
        """Whether what the glob means lies below the path, as far as the names before its first wildcard
        tell."""
        if path.anchor is Anchor.UNKNOWN:
            return True
        head = self._head()
        if not head and self.anchor is Anchor.ROOT:
            return False
        if path.anchor is not Anchor.ROOT:
            return path.anchor is not self.anchor or _is_below(head, path.names)
        place = () if self.anchor is Anchor.ROOT else self._place(around)
        return place is None or _is_below((*place, *head), path.names)

    def folder(self, around: Surroundings) -> tuple[str, ...]:
        """The names of the folder below which all lies that the glob means, as far as the names before its first
        wildcard tell; empty if they do not."""
        place = () if self.anchor is Anchor.ROOT else self._place(around)
        return () if place is None else (*place, *self._head())

    def _head(self) -> tuple[str, ...]:
        head: list[str] = []
        for part in self.parts:
            if part is None or part.literal is None:
                break
            head.append(part.literal)
        return tuple(head)

    def _place(self, around: Surroundings) -> tuple[str, ...] | None:
        return around.home if self.anchor is Anchor.HOME else around.workspace


class GlobList:
    """Globs of one rule. Immutable."""

    __slots__ = ("_globs",)

    def __init__(self, texts: Iterable[str]) -> None:
        self._globs = tuple(PathGlob.parse(text) for text in sorted(texts))

    def find(self, path: ResolvedPath, around: Surroundings, *, recursive: bool = False) -> str | None:
        """The first glob that means the path (`recursive`: or something below it); None if none does."""
        for glob in self._globs:
            if glob.matches(path, around) or (recursive and glob.lies_below(path, around)):
                return glob.text
        return None


def is_in_workspace(path: ResolvedPath, around: Surroundings) -> bool:
    """Whether a path is the workspace or lies below it. False where that cannot be known."""
    if path.anchor is Anchor.WORKSPACE:
        return True
    if path.anchor is not Anchor.ROOT or around.workspace is None:
        return False
    if around.windows:
        return _is_below(path.names, around.workspace)
    return path.names[: len(around.workspace)] == around.workspace


def _is_below(names: tuple[str, ...], folder: tuple[str, ...]) -> bool:
    """Whether names start with those of the folder, ignoring case."""
    start = names[: len(folder)]
    return start == folder or [name.casefold() for name in start] == [name.casefold() for name in folder]


def _covers(parts: tuple[NameGlob | None, ...], path: ResolvedPath, at: int = 0) -> bool:
    """Whether some names from `at` on match all parts: the first that do are a folder that covers the
    rest."""
    names, folded = path.names, path.folded
    part = 0
    retry: tuple[int, int] | None = None
    while part < len(parts):
        wanted = parts[part]
        if wanted is None:
            part += 1
            retry = (part, at)
        elif at < len(names) and wanted.matches(names[at], folded[at]):
            part, at = part + 1, at + 1
        elif retry is not None and retry[1] < len(names):
            part, at = retry[0], retry[1] + 1
            retry = (part, at)
        else:
            return False
    return True


@lru_cache(maxsize=4096)
def _parsed(text: str) -> PathGlob:
    rest, anchor = unicodedata.normalize("NFC", text), Anchor.ROOT
    for mark in (Anchor.HOME, Anchor.WORKSPACE):
        if rest == mark.value or rest.startswith(f"{mark.value}/"):
            rest, anchor = rest[len(mark.value) :], mark
    parts: list[NameGlob | None] = []
    if anchor is Anchor.ROOT and not rest.startswith("/"):
        parts.append(_ANY_NAMES)
    for name in rest.split("/"):
        if name == "**":
            if not parts or parts[-1] is not None:
                parts.append(_ANY_NAMES)
        elif name:
            parts.append(_name(name))
    literals = (part.literal for part in parts if part is not None and part.literal is not None)
    needed = next(literals, None)
    return PathGlob(text, anchor, tuple(parts), None if needed is None else needed.casefold())


def _name(text: str) -> NameGlob:
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        token, at = _token(text, at)
        if token is not MANY or not tokens or tokens[-1] is not MANY:
            tokens.append(token)
    if any(token is not MANY and not isinstance(token, str) for token in tokens):
        return NameGlob(tuple(tokens), None, ())
    pieces = [""]
    for token in tokens:
        if isinstance(token, str):
            pieces[-1] += token
        else:
            pieces.append("")
    return NameGlob(tuple(tokens), pieces[0] if len(pieces) == 1 else None, tuple(p.casefold() for p in pieces))


def _token(text: str, at: int) -> tuple[Token, int]:
    character = text[at]
    if character == "\\" and at + 1 < len(text):
        return text[at + 1], at + 2
    if character == "*":
        return MANY, at + 1
    if character == "?":
        return ONE, at + 1
    if character == "[":
        found = _set(text, at + 1)
        if found is not None:
            return found
    return character, at + 1


def _set(text: str, at: int) -> tuple[CharacterSet, int] | None:
    """The set that begins after the `[`; None if it never ends, for then the bracket is an ordinary
    character."""
    negated = text[at : at + 1] in ("!", "^")
    at += negated
    ranges: list[tuple[str, str]] = []
    first = at
    while at < len(text) and (text[at] != "]" or at == first):
        low, at = _set_character(text, at)
        high = low
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            high, at = _set_character(text, at + 1)
        ranges.append((low, high))
    return (CharacterSet(tuple(ranges), negated), at + 1) if at < len(text) else None


def _set_character(text: str, at: int) -> tuple[str, int]:
    escaped = text[at] == "\\" and at + 1 < len(text)
    return (text[at + 1], at + 2) if escaped else (text[at], at + 1)


def _fits(tokens: tuple[Token, ...], name: str) -> bool:
    at = token = 0
    retry: tuple[int, int] | None = None
    while at < len(name) or token < len(tokens):
        wanted = tokens[token] if token < len(tokens) else None
        if wanted is MANY:
            token += 1
            retry = (token, at)
        elif wanted is not None and at < len(name) and fits_character(wanted, name[at]):
            token, at = token + 1, at + 1
        elif retry is not None and retry[1] < len(name):
            token, at = retry[0], retry[1] + 1
            retry = (token, at)
        else:
            return False
    return True


def fits_character(token: Token, character: str) -> bool:
    """Whether a part of a name that stands for one character stands for this one."""
    if isinstance(token, str):
        return token == character or token.casefold() == character.casefold()
    return token.holds(character) if isinstance(token, CharacterSet) else True
