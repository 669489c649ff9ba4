"""Skills that old plugins hand in, as ours and back.

Our submission has a key, the text of the manifest and one text for everything else. What else the plugin says, its own
scan included, is that text; the server's own view of a skill does not come from there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from clawforge.legacy.console import ApprovedSkillView, SubmissionDocument
from clawforge.legacy.event import milliseconds_text
from clawforge.legacy.identifier import holder_id, org_id, thing_id
from clawforge.legacy.shape import Field, Shape
from clawforge.wire_skills import SkillVerdictView, SubmissionRequest, SubmissionView

_NOT_KEY = re.compile(r"[^A-Za-z0-9._/@-]+")
_MOST_TEXT = 60_000
_STATUS: dict[str, str] = {"approved": "approved-org", "withdrawn": "rejected"}
VERDICTS: dict[str, Literal["approved", "rejected"]] = {
    "approved-org": "approved",
    "rejected": "rejected",
}

SUBMISSION: Shape = {
    "skillName": Field(shortest=1),
    "skillKey": Field(required=False),
    "metadata": Field("object", required=False),
    "manifestContent": Field(required=False),
    "scanResults": Field(
        "object",
        required=False,
        fields={
            "scannedFiles": Field("number"),
            "critical": Field("number"),
            "warn": Field("number"),
            "info": Field("number"),
            "findings": Field("array"),
        },
    ),
}
"""What a plugin hands in."""

REVIEW: Shape = {
    "status": Field(options=tuple(VERDICTS)),
    "reviewNotes": Field(required=False),
    "approvedForUser": Field("uuid", required=False),
}
"""What a reviewer says."""


def submission_of(body: Mapping[str, Any]) -> SubmissionRequest | None:
    """A body of the shape `SUBMISSION` as ours; None for a name that no key can be made of, or a manifest that is too
    long. Findings of the plugin's scan are left out where they are too many."""
    key = _NOT_KEY.sub("-", body.get("skillKey") or body["skillName"]).strip("-./@_")[:128]
    manifest = body.get("manifestContent") or ""
    if not key or len(manifest) > _MOST_TEXT:
        return None
    told = {name: body[name] for name in ("skillName", "skillKey", "metadata", "scanResults") if name in body}
    text = json.dumps(told)
    if len(text) > _MOST_TEXT and "scanResults" in told:
        text = json.dumps({**told, "scanResults": {**told["scanResults"], "findings": []}})
    return None if len(text) > _MOST_TEXT else SubmissionRequest(key=key, manifest=manifest, metadata=text)


def submission_document(org: str, view: SubmissionView) -> SubmissionDocument:
    """A submission, whoever handed it in, as the old console reads it."""
    told = _told(view.metadata)
    return SubmissionDocument(
        id=thing_id(org, "submission", view.id),
        org_id=org_id(org),
        submitted_by=holder_id(org, view.submitted_by),
        skill_name=str(told.get("skillName", view.key)),
        skill_key=told.get("skillKey") if isinstance(told.get("skillKey"), str) else None,
        metadata=_object(told.get("metadata")),
        manifest_content=view.manifest or None,
        scan_results=_object(told.get("scanResults")),
        status=_STATUS.get(view.state, view.state),
        reviewed_by=None if view.reviewed_by is None else holder_id(org, view.reviewed_by),
        review_notes=view.reason or None,
        created_at=milliseconds_text(view.submitted_at),
        updated_at=milliseconds_text(view.reviewed_at or view.submitted_at),
    )


def approved_document(org: str, key: str, version: int, at: str, *, revoked: bool = False) -> ApprovedSkillView:
    """A skill that may be used, or might before it was revoked."""
    return ApprovedSkillView(
        id=thing_id(org, "skill", key),
        org_id=org_id(org),
        skill_name=key,
        skill_key=key,
        scope="org",
        approved_for_user=None,
        version=version,
        revoked_at=at if revoked else None,
        revoked_by=None,
        created_at=at,
    )


def is_usable(view: SkillVerdictView) -> bool:
    """Whether a verdict of the files lets the skill be used today."""
    return view.state in ("approved", "due")


def _told(text: str) -> dict[str, Any]:
    """What a plugin said besides; nothing for a submission that is none of a plugin's."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) and "skillName" in value else {}


def _object(value: Any) -> dict[str, Any] | None:
    """The old server kept objects as `jsonb`, which orders names by their length first."""
    return dict(sorted(value.items(), key=lambda item: (len(item[0]), item[0]))) if isinstance(value, dict) else None
