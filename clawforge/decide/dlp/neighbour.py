"""Whether a value stands alone or is a piece of a longer word."""

from __future__ import annotations

_ESCAPE_LETTERS = frozenset("bfnrt")
_HEX = frozenset("0123456789abcdefABCDEF")


def has_neighbour(text: str, start: int, end: int) -> bool:
    """Whether an ASCII letter or digit stands directly before `start` or at `end`.

    ASCII only, since scripts without spaces put letters next to values. The last character of an escape does
    not count: arguments hold JSON inside of JSON (backslash and n) and URLs (%3D), and hiding behind those
    is too easy.
    """
    if end < len(text) and _is_word(text[end]):
        return True
    return start > 0 and _is_word(text[start - 1]) and not _ends_escape(text, start)


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _ends_escape(text: str, end: int) -> bool:
    if end >= 2 and text[end - 2] == "\\" and text[end - 1] in _ESCAPE_LETTERS:
        return True
    return end >= 3 and text[end - 3] == "%" and _HEX.issuperset(text[end - 2 : end])
