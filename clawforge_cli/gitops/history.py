"""What happened on the branch since a commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from clawforge_cli.gitops.mirror import Mirror

MOST_COMMITS = 100_000
"""Commits that are named at most; of a longer history, the newest."""

_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")

Way = Literal["first", "same", "forward", "back", "diverged", "unrelated"]


@dataclass(frozen=True, slots=True)
class History:
    """How a head follows on the commit that was applied last.

    `commits` are the ids that the head has and the last applied commit had not, all parents followed, the newest first,
    at most `MOST_COMMITS`. `way` is `first` when nothing was applied yet, `back` when the head is older than what was
    applied, `diverged` when what was applied is no part of it any more, and `unrelated` when the two share no commit or
    the old one is not there at all.
    """

    commits: tuple[str, ...]
    way: Way

    @property
    def rewritten(self) -> bool:
        """Whether applied history was taken back: a person has to acknowledge that."""
        return self.way in {"back", "diverged", "unrelated"}


def history(mirror: Mirror, since: str | None, head: str) -> History:
    """What a head of the mirror has that a commit had not. Raises FetchError."""
    if since == head:
        return History((), "same")
    if since is None:
        return History(_reached(mirror, head), "first")
    if not has_commit(mirror, since):
        # The whole branch was fetched, so what is not there is no part of it.
        return History(_reached(mirror, head), "unrelated")
    if _is_ancestor(mirror, since, head):
        return History(_reached(mirror, head, since), "forward")
    if _is_ancestor(mirror, head, since):
        return History((), "back")
    related = mirror.ask(["merge-base", since, head]).code == 0
    return History(_reached(mirror, head, since), "diverged" if related else "unrelated")


def has_commit(mirror: Mirror, commit: str) -> bool:
    """Whether the mirror holds a commit of that full id. Raises FetchError."""
    named = _ID.fullmatch(commit) is not None
    return named and mirror.ask(["cat-file", "-t", commit]).output.strip() == b"commit"


def _is_ancestor(mirror: Mirror, old: str, new: str) -> bool:
    return mirror.ask(["merge-base", "--is-ancestor", old, new]).code == 0


def _reached(mirror: Mirror, head: str, without: str | None = None) -> tuple[str, ...]:
    excluded = () if without is None else (f"^{without}",)
    printed = mirror.read("rev-list", f"--max-count={MOST_COMMITS}", head, *excluded, "--")
    return tuple(printed.decode("ascii").split())
