"""The calls of the control plane about skills: handing in, reviewing, stopping."""

from __future__ import annotations

from clawforge.wire_skills import (
    LiftRequest,
    RevocationRequest,
    RevocationView,
    SkillList,
    SkillReviewRequest,
    SubmissionList,
    SubmissionRequest,
    SubmissionState,
    SubmissionView,
)
from clawforge_cli.identity_client import IdentityClient


class SkillClient(IdentityClient):
    """Calls one org of one control plane."""

    def skills(self) -> SkillList:
        """How every skill stands."""
        return self._call(SkillList, "GET", self._path("skills"))

    def submissions(self, state: SubmissionState | None = None) -> SubmissionList:
        """What was handed in, oldest first."""
        query = {} if state is None else {"state": state}
        return self._call(SubmissionList, "GET", self._path("skills", "submissions"), query=query)

    def submission(self, submission: str) -> SubmissionView:
        """One submission, with its texts."""
        return self._call(SubmissionView, "GET", self._path("skills", "submissions", submission))

    def submit(self, request: SubmissionRequest) -> SubmissionView:
        """Hand a skill in."""
        return self._call(SubmissionView, "POST", self._path("skills", "submissions"), request)

    def withdraw(self, submission: str) -> None:
        """Take one's own submission back."""
        self._send("DELETE", self._path("skills", "submissions", submission), None)

    def review(self, submission: str, request: SkillReviewRequest) -> SubmissionView:
        """Keep what a reviewer says."""
        return self._call(SubmissionView, "POST", self._path("skills", "submissions", submission, "review"), request)

    def revoke(self, request: RevocationRequest) -> RevocationView:
        """Stop a skill at once."""
        return self._call(RevocationView, "POST", self._path("skills", "revocations"), request)

    def lift(self, revocation: str, reason: str) -> None:
        """Let the files decide again."""
        self._send("POST", self._path("skills", "revocations", revocation, "lift"), LiftRequest(reason=reason))
