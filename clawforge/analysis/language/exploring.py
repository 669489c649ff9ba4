"""Every state that some word leads to, with a shortest word for each."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Generic, TypeVar

from clawforge.analysis.language.budget import Budget

S = TypeVar("S", bound=Hashable)


class Explored(Generic[S]):
    """Iterates over the states that words of at least one character lead to, those of shorter words first. Raises
    TooComplexError when it is made. `weight` is what one `step` counts.
    """

    def __init__(
        self, start: S, characters: Sequence[str], step: Callable[[S, str], S], budget: Budget, *, weight: int = 1
    ) -> None:
        self._came: dict[S, tuple[S | None, str]] = {}
        queue: list[S | None] = [None]
        for origin in queue:
            state = start if origin is None else origin
            budget.spend(len(characters) * weight)
            for character in characters:
                following = step(state, character)
                if following not in self._came:
                    budget.spend(2 * weight)
                    self._came[following] = (origin, character)
                    queue.append(following)

    def __iter__(self) -> Iterator[S]:
        return iter(self._came)

    def word(self, state: S) -> str:
        """A shortest word that leads there."""
        characters: list[str] = []
        at: S | None = state
        while at is not None:
            at, character = self._came[at]
            characters.append(character)
        return "".join(reversed(characters))
