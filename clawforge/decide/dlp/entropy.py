"""Shannon entropy: random keys have much, words and placeholders little."""

from __future__ import annotations

import math
from collections import Counter


def bits_per_character(text: str) -> float:
    """Shannon entropy of the characters' frequencies, in bits a character; 0.0 for the empty text."""
    size = len(text)
    return -sum(count / size * math.log2(count / size) for count in Counter(text).values()) if size else 0.0
