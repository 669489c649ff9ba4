"""Writes texts that a pattern finds: short ones, of characters that people can read."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache

from clawforge.analysis.re2_syntax import Characters, Choice, Edge, Node, Range, Repeat, Sequence

_READABLE = "abcdefghijklmnopqrstuvwxyz1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ -_.,:;/@#+=!?%&*()[]{}<>$'\"~^|`\\\n\t"
_BEYOND = 0xA0
_LOOKED_AT = 50_000
"""Characters from `_BEYOND` on that are tried where none of the readable ones will do; Hangul is among them."""
_SIDES = ("", " ", "\n", "a")
"""What may stand on either side: a boundary of a word, of a line and of the text looks no further."""
_LONGEST = 4_096
_VARIANTS = 16
_STEPS = 100_000
"""Parts of patterns that are walked for all texts of one pattern together: some milliseconds."""


class _DeadEndError(Exception):
    """What was written so far cannot be continued."""


class _BudgetError(Exception):
    """The pattern is too much work, or only finds very long texts."""


def texts_for(tree: Node, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Different texts that the pattern should find, the simplest first; few or none where that is hard.

    With `words`, further texts have one of them where the pattern takes any characters.
    """
    steps = [_STEPS]
    befores = _SIDES if _has_edges(tree) else _SIDES[:1]
    seen: set[str] = set()
    try:
        for variant in range(_VARIANTS):
            for before in befores:
                for word in ("", *words):
                    try:
                        text = _Draft(before, variant, word, steps).text_for(tree)
                    except _DeadEndError:
                        continue
                    if text not in seen:
                        seen.add(text)
                        yield text
    except _BudgetError:
        return


class _Draft:
    """One text. Variant 0 takes the first option and the least repetition everywhere; the others mix them."""

    def __init__(self, before: str, variant: int, word: str, steps: list[int]) -> None:
        self._before = before
        self._written: list[str] = []
        self._edges: set[str] = set()
        self._variant = variant
        self._word = word
        self._steps = steps
        self._decisions = 0

    def text_for(self, tree: Node) -> str:
        """Raises _DeadEndError and _BudgetError."""
        self._walk(tree, 0)
        for after in _SIDES:
            if self._fits(after):
                return "".join((self._before, *self._written, after))
        raise _DeadEndError

    def _walk(self, node: Node, nth: int) -> None:
        self._steps[0] -= 1
        if self._steps[0] < 0 or len(self._written) > _LONGEST:
            raise _BudgetError
        if isinstance(node, Characters):
            self._write(node, nth)
        elif isinstance(node, Edge):
            self._stand_at(node.kind)
        elif isinstance(node, Sequence):
            for item in node.items:
                self._walk(item, 0)
        elif isinstance(node, Choice):
            self._walk(node.options[self._decide(len(node.options))], 0)
        else:
            self._repeat(node)

    def _repeat(self, node: Repeat) -> None:
        if self._holds_word(node):
            self._word, word = "", self._word
            for character in word:
                self._write(Characters((Range(character, character),)), 0)
            count = max(0, node.least - len(word))
        else:
            room = _VARIANTS if node.most is None else node.most - node.least
            count = node.least + self._decide(min(room + 1, 3))
        for nth in range(count):
            self._walk(node.item, nth)

    def _holds_word(self, node: Repeat) -> bool:
        return (
            bool(self._word)
            and isinstance(node.item, Characters)
            and (node.most is None or len(self._word) <= node.most)
            and all(node.item.holds(character) for character in self._word)
        )

    def _decide(self, count: int) -> int:
        """0 to `count` - 1, from the number of the variant and of the decision alone."""
        self._decisions += 1
        if not self._variant or count == 1:
            return 0
        if self._decisions == 1:
            return self._variant % count
        return zlib.crc32(b"%d.%d" % (self._variant, self._decisions)) % count

    def _write(self, characters: Characters, nth: int) -> None:
        readable = _readable(characters)
        for offset in range(len(readable)):
            character = readable[(nth + offset) % len(readable)]
            if not self._edges or self._fits(character):
                self._written.append(character)
                self._edges.clear()
                return
        raise _DeadEndError

    def _stand_at(self, kind: str) -> None:
        """An edge looks at the character before it, which is known, and at the next, which it narrows."""
        previous = self._previous()
        if (kind == "A" and previous) or (kind == "^" and previous not in ("", "\n")):
            raise _DeadEndError
        if kind not in "A^":
            self._edges.add(kind)

    def _previous(self) -> str:
        return self._written[-1] if self._written else self._before[-1:]

    def _fits(self, following: str) -> bool:
        """Whether this may come next; empty is the end of the text."""
        crosses = _is_word(self._previous()) != _is_word(following)
        fits = {"z": following == "", "$": following in ("", "\n"), "b": crosses, "B": not crosses}
        return all(fits[kind] for kind in self._edges)


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _has_edges(tree: Node) -> bool:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Edge):
            return True
        if isinstance(node, Repeat):
            waiting.append(node.item)
        elif isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, Choice):
            waiting += node.options
    return False


@lru_cache(maxsize=4096)
def _readable(characters: Characters) -> str:
    """Those of the characters that people read best, the best first; empty if none was found."""
    found = "".join(character for character in _READABLE if characters.holds(character))
    if found:
        return found
    named = [character for member in characters.members if isinstance(member, Range) for character in _ends(member)]
    found = "".join(character for character in named if _is_text(character) and characters.holds(character))
    return found or _first_beyond(characters)


def _first_beyond(characters: Characters) -> str:
    if not characters.negated and all(isinstance(member, Range) for member in characters.members):
        return ""  # Their ends were tried.
    codes = range(_BEYOND, _BEYOND + _LOOKED_AT // max(1, len(characters.members)))
    return next((chr(code) for code in codes if _is_text(chr(code)) and characters.holds(chr(code))), "")


def _ends(member: Range) -> tuple[str, str]:
    return member.first, member.last


def _is_text(character: str) -> bool:
    """Whether it can stand in a text that people read; a lone surrogate cannot stand in any."""
    return unicodedata.category(character) not in ("Cs", "Cc", "Cn", "Co")
