"""What happened on the branch since a commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Way = Literal["first", "same", "forward", "back", "diverged", "unrelated"]


@dataclass(frozen=True, slots=True)
class History:
    """How a head follows on the commit that was applied last.

    `commits` are the ids that the head has and the last applied commit had not, the newest first, at most
    `MOST_COMMITS`. `way` is `first` when nothing was applied yet, `back` when the head is older than what was applied,
    `diverged` when what was applied is no part of it any more, and `unrelated` when the two share no commit or the old
    one is not there at all.
    """

    commits: tuple[str, ...]
    way: Way

    @property
    def rewritten(self) -> bool:
        """Whether applied history was taken back: a person has to acknowledge that."""
        return self.way in {"back", "diverged", "unrelated"}
