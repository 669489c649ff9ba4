"""What a detector is, and what it says about a text. Positions are Unicode code points everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
"""Start and end (exclusive) in code points."""


@dataclass(frozen=True, slots=True)
class Detector:
    """One kind of sensitive value.

    A finding passes, in this order: the keyword gate, `pattern`, `alone`, `refine`, `validate`. Every
    implementation applies all of them, the gate too: without it other things are found.
    """

    id: str
    what: str
    """One sentence for people: what is found, and what is deliberately not."""
    pattern: str
    """RE2 syntax; matches are leftmost-first and do not overlap."""
    good: tuple[str, ...]
    """Texts in which it finds something, put together from parts: no file holds a secret-looking literal."""
    bad: tuple[str, ...]
    """Texts that look alike and in which it finds nothing."""
    keywords: tuple[str, ...] = ()
    """ASCII literals, one of which must occur anywhere in the text, case ignored; empty: no gate."""
    group: int = 0
    """The capture group of `pattern` that is the value."""
    alone: bool = False
    """Whether `neighbour.has_neighbour` refuses the value: a letter or digit directly before or after it."""
    refine: Callable[[str, int, int], Sequence[Span]] | None = None
    """From the text and a candidate's span to the values in it: disjoint, ascending, inside the candidate."""
    validate: Callable[[str], bool] | None = None
    """Last word on the value's own text: checksums, entropy, well-known dummies."""


@dataclass(frozen=True, slots=True)
class Match:
    """A value found by a detector: `text[start:end]`."""

    detector: str
    start: int
    end: int
