"""What the server asks of a store about skills: what was handed in, and what was stopped by hand."""

from __future__ import annotations

import datetime as dt
from typing import Protocol

from clawforge.wire_skills import SubmissionState
from clawforge_server.store.skill_records import SkillRevocationRecord, SubmissionRecord

MOST_LISTED = 1_000
"""Submissions that one listing gives: the newest."""


class SkillSubmissions(Protocol):
    """Skills that were handed in for review."""

    def get(self, org: str, submission_id: str) -> SubmissionRecord | None:
        """One submission, with its texts."""

    def add(self, org: str, record: SubmissionRecord) -> None:
        """Keep a submission."""

    def list(
        self, org: str, state: SubmissionState | None = None, submitted_by: str | None = None
    ) -> tuple[SubmissionRecord, ...]:
        """Those in one state, or of one submitter, or all: the newest `MOST_LISTED`, oldest first, without texts."""

    def has_from(self, org: str, key: str, submitted_by: str) -> bool:
        """Whether somebody ever handed this skill in."""

    def waiting(self, org: str, submitted_by: str | None = None) -> int:
        """How many are pending, of one submitter or in all."""

    def same(self, org: str, record: SubmissionRecord) -> SubmissionRecord | None:
        """One that waits and says the same skill, content and submitter."""

    def review(
        self, org: str, submission_id: str, state: SubmissionState, at: dt.datetime, by: str, reason: str
    ) -> bool:
        """Say what became of a submission; False when it does not wait any more. Of one that was withdrawn the texts
        go."""


class SkillRevocations(Protocol):
    """Skills that were stopped by hand."""

    def standing(self, org: str) -> tuple[SkillRevocationRecord, ...]:
        """Those that hold now, oldest first."""

    def add(self, org: str, record: SkillRevocationRecord) -> None:
        """Stop a skill."""

    def end(self, org: str, revocation_id: str, at: dt.datetime, by: str, reason: str) -> bool:
        """False when there is none of this id that holds."""
