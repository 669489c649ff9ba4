"""What a genuine webhook says."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class HookEvent(StrEnum):
    """What happened: branches were pushed, the forge tries whether anybody is there, or something that is of no use."""

    PUSH = "push"
    PING = "ping"
    OTHER = "other"


class Push(NamedTuple):
    """A genuine webhook. `refs` are full names such as `refs/heads/main`; None means that it does not say. `commit` is
    the one that a single pushed branch is at now. `delivery` is the same for every copy of one webhook."""

    event: HookEvent
    repositories: tuple[str, ...]
    refs: tuple[str, ...] | None
    commit: str | None
    delivery: str

    def wakes(self, branch: str) -> bool:
        """Whether somebody who follows this branch should look."""
        return self.event is HookEvent.PUSH and (self.refs is None or f"refs/heads/{branch}" in self.refs)
