"""Words that no list names: what is not named must have something that stands for it, whatever the lists name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, product

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789\u00e4"
"""The last one cannot stand in a pattern."""


def unnamed(usual: str, is_named: Callable[[str], bool]) -> str:
    """The usual word, or the first with letters before it that is not named; the last that is tried if all are."""
    word = usual
    for letters in chain.from_iterable(product(_LETTERS, repeat=count) for count in range(3)):
        word = "".join(letters) + usual
        if not is_named(word):
            break
    return word
