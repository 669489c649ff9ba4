"""What the reconciler tells people, whatever way it takes to reach them."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from clawforge.resource.meta import Instant, Name, Strict

MOST_TITLE = 200
MOST_TEXT = 4_096


class NoticeKind(StrEnum):
    """What happened. The part before the dot says to what."""

    COMMIT_SEEN = "commit.seen"
    COMMIT_WAITING = "commit.waiting"
    COMMIT_REFUSED = "commit.refused"
    COMMIT_APPLIED = "commit.applied"
    COMMIT_IN_SYNC = "commit.in-sync"
    SOURCE_FAILED = "source.failed"
    SOURCE_UNTRUSTED = "source.untrusted"
    SOURCE_SUSPENDED = "source.suspended"
    SOURCE_RECOVERED = "source.recovered"
    DRIFT_FOUND = "drift.found"
    DRIFT_CORRECTED = "drift.corrected"
    FLEET_IN_SYNC = "fleet.in-sync"
    ROLLOUT_HALTED = "rollout.halted"
    TEST = "test"


class NoticeSeverity(StrEnum):
    """How much it matters, from least to most."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least."""
        return list(NoticeSeverity).index(self)


class CommitState(StrEnum):
    """What a forge shows beside a commit."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


def _cut(text: str, most: int) -> str:
    """The text with what no text holds replaced, and shortened: a message about bad input must not fail over it."""
    whole = "".join(
        "\ufffd" if unicodedata.category(mark) in {"Cc", "Cs"} and mark not in "\n\t" else mark for mark in text[:most]
    )
    return whole if len(text) <= most else whole[:-1] + "…"


Title = Annotated[str, AfterValidator(lambda text: _cut(text.replace("\n", " "), MOST_TITLE))]
"""One line of at most 200 characters; what is longer is cut."""

Body = Annotated[str, AfterValidator(lambda text: _cut(text, MOST_TEXT))]
"""Lines of at most 4,096 characters; what is longer is cut."""


class Notice(Strict):
    """One thing that is told. `commit` and `revision` are left out where there is none; `url` leads to the plan."""

    kind: NoticeKind
    severity: NoticeSeverity
    org: Name
    source: Name
    at: Instant
    title: Title
    text: Body = ""
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")] | None = None
    revision: int | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=2048)] | None = None

    @property
    def commit_state(self) -> CommitState | None:
        """What to show beside the commit; None if this says nothing about one."""
        return None if self.commit is None else _STATES.get(self.kind)


_STATES = {
    NoticeKind.COMMIT_SEEN: CommitState.PENDING,
    NoticeKind.COMMIT_WAITING: CommitState.PENDING,
    NoticeKind.COMMIT_REFUSED: CommitState.FAILURE,
    NoticeKind.SOURCE_UNTRUSTED: CommitState.FAILURE,
    NoticeKind.ROLLOUT_HALTED: CommitState.FAILURE,
    NoticeKind.COMMIT_APPLIED: CommitState.SUCCESS,
    NoticeKind.COMMIT_IN_SYNC: CommitState.SUCCESS,
    NoticeKind.FLEET_IN_SYNC: CommitState.SUCCESS,
    NoticeKind.TEST: CommitState.SUCCESS,
}
