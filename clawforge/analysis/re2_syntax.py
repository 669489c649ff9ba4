"""Reads a pattern in RE2 syntax into a tree, so that texts can be written that it finds.

Only for patterns that RE2 has accepted: what is wrong with others is not looked for here.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_DEEPEST = 50
"""Groups within groups; beyond that nobody reads the pattern either."""


@dataclass(frozen=True, slots=True)
class Range:
    """The characters from one to another, both included."""

    first: str
    last: str

    def holds(self, character: str) -> bool:
        """Whether the character is one of them."""
        return self.first <= character <= self.last


@dataclass(frozen=True, slots=True)
class Property:
    """The characters of a general category (`L`, `Nd`) or of a script (`Greek`)."""

    name: str

    def holds(self, character: str) -> bool:
        """Whether the character is one of them; a script is told by the Unicode names of its characters."""
        if len(self.name) <= len("Lu"):
            return unicodedata.category(character).startswith(self.name)
        script = "CJK UNIFIED" if self.name == "Han" else self.name.upper().replace("_", " ")
        return unicodedata.name(character, "").startswith(f"{script} ")


@dataclass(frozen=True, slots=True)
class Characters:
    """One character that a member holds; if `negated`, one that none holds. `folds`: whatever its case."""

    members: tuple[Range | Property | Characters, ...]
    negated: bool = False
    folds: bool = False

    def holds(self, character: str) -> bool:
        """Whether the character is one of them."""
        spellings = {character, character.lower(), character.upper()} if self.folds else {character}
        held = any(member.holds(spelling) for member in self.members for spelling in spellings if len(spelling) == 1)
        return held != self.negated


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between two characters: `A` and `z` the ends of the text, `^` and `$` those of a line, `b` a boundary
    of a word, `B` none."""

    kind: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something, `least` to `most` times; `most` None: any number of times."""

    item: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    options: tuple[Node, ...]


Node = Characters | Edge | Repeat | Sequence | Choice

_DIGITS = Range("0", "9")
_LOWER, _UPPER = Range("a", "z"), Range("A", "Z")
_WORD = (_LOWER, _UPPER, _DIGITS, Range("_", "_"))
_PERL = {"d": (_DIGITS,), "w": _WORD, "s": (Range("\t", "\n"), Range("\f", "\r"), Range(" ", " "))}
_POSIX = {
    "alnum": (_LOWER, _UPPER, _DIGITS),
    "alpha": (_LOWER, _UPPER),
    "ascii": (Range("\0", "\x7f"),),
    "blank": (Range("\t", "\t"), Range(" ", " ")),
    "cntrl": (Range("\0", "\x1f"), Range("\x7f", "\x7f")),
    "digit": (_DIGITS,),
    "graph": (Range("!", "~"),),
    "lower": (_LOWER,),
    "print": (Range(" ", "~"),),
    "punct": (Range("!", "/"), Range(":", "@"), Range("[", "`"), Range("{", "~")),
    "space": (Range("\t", "\r"), Range(" ", " ")),
    "upper": (_UPPER,),
    "word": _WORD,
    "xdigit": (_DIGITS, Range("a", "f"), Range("A", "F")),
}
_CONTROLS = {"a": "\a", "f": "\f", "t": "\t", "n": "\n", "r": "\r", "v": "\v"}
_ANYTHING = Characters((), negated=True)
_SAME_LINE = Characters((Range("\n", "\n"),), negated=True)


def read_pattern(text: str) -> Node:
    """The tree of a pattern that RE2 accepts. Raises ValueError for one that is nested too deeply to be read, or that
    holds what is not understood here."""
    return _Reader(text).choice("", 0)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def choice(self, flags: str, depth: int) -> Node:
        """Up to the end of the group, which is left standing."""
        if depth > _DEEPEST:
            raise ValueError("the pattern is nested too deeply")
        options: list[Node] = []
        items: list[Node] = []
        while self._at < len(self._text) and not self._text.startswith(")", self._at):
            if self._skip("|"):
                options.append(Sequence(tuple(items)))
                items = []
            elif self._skip("(?") and (changed := self._flags(flags)) is not None:
                flags = changed
            else:
                items += self._repeated(self._atoms(flags, depth))
        options.append(Sequence(tuple(items)))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _flags(self, flags: str) -> str | None:
        """After `(?`: the flags that hold from `(?flags)` on; None, and back before it, for a group."""
        end = self._text.find(")", self._at)
        written = self._text[self._at : end]
        if end >= 0 and written and not written.strip("imsU-"):
            self._at = end + 1
            return _with_flags(flags, written)
        self._at -= len("(?")
        return None

    def _atoms(self, flags: str, depth: int) -> list[Node]:
        """What the next construct says; `\\Q..\\E` says several things."""
        character = self._next()
        if character == "(":
            inner = self.choice(self._opening(flags), depth + 1)
            self._next()
            return [inner]
        if character == "[":
            return [self._characters(flags)]
        if character == ".":
            return [_ANYTHING if "s" in flags else _SAME_LINE]
        if character in "^$":
            ends = {"^": "A", "$": "z"}
            return [Edge(character if "m" in flags else ends[character])]
        if character == "\\":
            return self._escaped(flags)
        return [_literal(character, flags)]

    def _opening(self, flags: str) -> str:
        """After `(`: skips a name, and answers the flags that hold within."""
        if self._skip("?P<") or self._skip("?<"):
            self._until(">")
        elif self._skip("?"):
            return _with_flags(flags, self._until(":"))
        return flags

    def _escaped(self, flags: str) -> list[Node]:
        following = self._text[self._at : self._at + 1]
        if following and following in "AzbB":
            self._at += 1
            return [Edge(following)]
        if self._skip("Q"):
            end = self._text.find("\\E", self._at)
            quoted = self._text[self._at : end if end >= 0 else len(self._text)]
            self._at += len(quoted) + len("\\E")
            return [_literal(character, flags) for character in quoted]
        if self._skip("E"):
            return []
        named = self._named(flags)
        return [named if named is not None else _literal(self._escape(), flags)]

    def _named(self, flags: str) -> Characters | None:
        """After a backslash: `d`, `W`, `pL`, `P{Greek}` and their kin."""
        folds = "i" in flags
        letter = self._text[self._at : self._at + 1]
        if letter and letter.lower() in _PERL:
            self._at += 1
            return Characters(_PERL[letter.lower()], negated=letter.isupper(), folds=folds)
        if not (self._skip("p") or self._skip("P")):
            return None
        name = self._until("}") if self._skip("{") else self._next()
        negated = (letter == "P") != name.startswith("^")
        name = name.removeprefix("^")
        if name == "Any":
            return Characters((), negated=not negated)
        return Characters((Property(name),), negated=negated, folds=folds)

    def _escape(self) -> str:
        """After a backslash: the one character that is meant."""
        character = self._next()
        if character == "x":
            digits = self._until("}") if self._skip("{") else self._next() + self._next()
            return chr(int(digits, 16))
        if character in "01234567":
            digits = character
            while len(digits) < len("377") and self._text[self._at : self._at + 1] in tuple("01234567"):
                digits += self._next()
            return chr(int(digits, 8))
        if character.isascii() and character.isalnum() and character not in _CONTROLS:
            raise ValueError(f"\\{character} is not understood")
        return _CONTROLS.get(character, character)

    def _characters(self, flags: str) -> Characters:
        """After `[`."""
        negated = self._skip("^")
        members: list[Range | Property | Characters] = []
        first = True
        while first or not self._skip("]"):
            first = False
            if self._skip("[:"):
                members.append(self._posix())
                continue
            escaped = self._skip("\\")
            named = self._named(flags) if escaped else None
            if named is not None:
                members.append(named)
                continue
            lowest = self._escape() if escaped else self._next()
            members.append(Range(lowest, self._upper_end(lowest)))
        return Characters(tuple(members), negated=negated, folds="i" in flags)

    def _posix(self) -> Characters:
        """After `[:`."""
        negated = self._skip("^")
        name = self._until(":]")
        if name not in _POSIX:
            raise ValueError(f"[:{name}:] is not understood")
        return Characters(_POSIX[name], negated=negated)

    def _upper_end(self, lowest: str) -> str:
        """After a character of a class: the other end of its range, which is itself if there is no range."""
        if not self._text.startswith("-", self._at) or self._text.startswith("-]", self._at):
            return lowest
        self._at += 1
        return self._escape() if self._skip("\\") else self._next()

    def _repeated(self, atoms: list[Node]) -> list[Node]:
        """With `*`, `+`, `?` or `{n,m}` after it, which counts for the last of them."""
        while atoms and (bounds := self._bounds()) is not None:
            self._skip("?")  # To take as little as possible finds the same texts.
            atoms = [*atoms[:-1], Repeat(atoms[-1], *bounds)]
        return atoms

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return bounds
        end = self._text.find("}", self._at)
        if not self._text.startswith("{", self._at) or end < 0:
            return None
        least, comma, most = self._text[self._at + 1 : end].partition(",")
        if not _number(least) or not (most == "" or _number(most)):
            return None  # A brace that stands for itself.
        self._at = end + 1
        if not comma:
            return int(least), int(least)
        return int(least), int(most) if most else None

    def _skip(self, expected: str) -> bool:
        if self._text.startswith(expected, self._at):
            self._at += len(expected)
            return True
        return False

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise ValueError("the pattern ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _until(self, end: str) -> str:
        at = self._text.find(end, self._at)
        if at < 0:
            raise ValueError(f"the pattern lacks {end!r}")
        found, self._at = self._text[self._at : at], at + len(end)
        return found


def _literal(character: str, flags: str) -> Characters:
    return Characters((Range(character, character),), folds="i" in flags)


def _with_flags(flags: str, written: str) -> str:
    """The flags that hold, `i`, `m` and `s`, after some were switched on and, behind a dash, off."""
    on, _, off = written.partition("-")
    return "".join(sorted((set(flags) | set(on)) - set(off)))


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit()
