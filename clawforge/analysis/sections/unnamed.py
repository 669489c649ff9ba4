"""Words that no list names: what is not named must have something that stands for it, whatever the lists name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, product

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789\u00e4"
"""The last one cannot stand in a pattern, so no list of prefixes names everything."""


def unnamed(usual: str, is_named: Callable[[str], bool]) -> str:
    """The usual word, or the first with letters before it that is not named. There is one: lists are finite."""
    words = ("".join(letters) + usual for size in count() for letters in product(_LETTERS, repeat=size))
    return next(word for word in words if not is_named(word))
