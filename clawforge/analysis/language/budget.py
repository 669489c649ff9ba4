"""How much work a decision may take."""

from __future__ import annotations

from clawforge.errors import InputError

MOST_STEPS = 1_200_000
"""A step is one character that is read in one state: about a microsecond. Whatever takes longer, or is kept, counts as
several.
"""


class TooComplexError(InputError):
    """The patterns can be combined in more ways than are looked at, so nothing can be said about them."""

    code = "too-complex"


class Budget:
    """Counts steps down to none."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Take steps off. Raises TooComplexError when none are left."""
        self._left -= steps
        if self._left < 0:
            raise TooComplexError("The patterns can be combined in too many ways to look at all of them.")
