"""Whether a token of a foreign issuer is one that a federated service account trusts.

The shapes of claims are those that GitHub Actions and GitLab publish for the identity tokens of their pipelines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawforge.resource.service_account import Federation

PROTECTED_REF = "ref_protected"
"""The claim by which pipelines say that they run on a protected ref; its values are `true` and `false`."""

_PROPOSED = {
    "event_name": ("pull_request", "issue_comment"),
    "pipeline_source": ("merge_request_event", "external_pull_request_event"),
}
"""Claims that say what started a pipeline, and how the values begin that mean: what somebody merely proposed."""


def federation_refusal(trust: Federation, claims: Mapping[str, Any]) -> str | None:
    """Why a verified token is not trusted, in a sentence that quotes nothing of it; None if it is.

    Subject and claims must be exactly those that are written down. A pipeline that runs for a proposal, and so runs
    what anybody may propose, is not trusted unless the subject is written down or the claim that says so is.
    """
    if trust.subject is not None and claims.get("sub") != trust.subject:
        return "Its subject is another one."
    for name, wanted in trust.claims.items():
        if _text(claims.get(name)) != wanted:
            return f"Its claim {name} is another one, or missing."
    for name, beginnings in _PROPOSED.items():
        value = claims.get(name)
        if not isinstance(value, str) or not value.startswith(beginnings) or name in trust.claims:
            continue
        if not _subject_says_so(trust.subject):
            return f"It was made for a proposal, and the account does not name the claim {name}."
    return None


def _subject_says_so(subject: str | None) -> bool:
    """GitHub's subject of a pull request's pipeline; that of the privileged events looks like the default branch's."""
    return subject is not None and subject.endswith(":pull_request")


def _text(value: Any) -> str | None:
    """The claim as it would be written down; issuers disagree about whether ids and flags are strings."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
