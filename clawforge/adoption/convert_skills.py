"""Approved skills of the public ClawForge as SkillApprovals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawforge.adoption.conversion import Fate, Report, named_by_id
from clawforge.adoption.names import NewNames
from clawforge.adoption.public_documents import ApprovedSkill, PublicExport, Submission


def convert_skills(export: PublicExport, people: Mapping[str, str], report: Report) -> None:
    """One approval for each skill that may run. `people` are names by id."""
    submissions = export.review.submissions if export.review else ()
    reviews = named_by_id(
        tuple(item for item in submissions if item.status.startswith("approved")),
        lambda item: item.skill_key or item.skill_name,
    )
    names = NewNames()
    carried = 0
    for skill in export.approved.skills if export.approved else ():
        where = f"approved/{skill.skill_key}"
        report.unknown(where, skill.unknown)
        spec = _spec(skill, people, reviews.get(skill.skill_key), report, where)
        if spec is not None:
            carried += report.add("SkillApproval", names.name(skill.skill_key, "skill"), spec, where)
    if carried:
        message = (
            "An approval there names a skill and not its content. Bind each to what was reviewed: add `digest`, which "
            "`clawforge lint` asks for as well."
        )
        report.say(Fate.TODO, "approved", message)
    waiting = [item for item in submissions if item.status == "pending"]
    for item in waiting:
        name = item.skill_key or item.skill_name
        report.say(Fate.DROPPED, f"review/{name}", "It waits for a review there, and has to be handed in again.")


def _spec(
    skill: ApprovedSkill, people: Mapping[str, str], review: Submission | None, report: Report, where: str
) -> dict[str, Any] | None:
    """The approval; None for what was taken back, or was for somebody who is not known."""
    if skill.revoked_at is not None:
        message = "It was revoked. There that only ended the approval, here it would stop the skill, so it is left out."
        report.say(Fate.DROPPED, where, message)
        return None
    spec: dict[str, Any] = {"key": skill.skill_key, "status": "approved"}
    if skill.scope == "org":
        spec["appliesTo"] = "everyone"
    elif skill.approved_for_user is not None and skill.approved_for_user in people:
        spec["appliesTo"] = {"users": [people[skill.approved_for_user]]}
    else:
        message = f"Its scope is {skill.scope!r}, for somebody who is not among the users, so it approves nothing."
        report.say(Fate.DROPPED, where, message)
        return None
    if review is not None and review.reviewed_by is not None and review.reviewed_by in people:
        spec["reviewedBy"] = people[review.reviewed_by]
    if review is not None and review.review_notes:
        spec["reason"] = report.text(review.review_notes, where)
    return spec
