"""Approvals that no policy asks for."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.targeting import Enforcement


def _check(context: LintContext) -> Iterable[Finding]:
    approved = next((one for one in context.each(SkillApproval) if one.spec.status is SkillStatus.APPROVED), None)
    if approved is None or any(_requires(policy) for policy in context.each(Policy)):
        return
    yield Finding(
        "skill-requirement-unset",
        approved.address,
        "/spec/status",
        "Skills are approved here, but no policy requires an approval, so skills without one run too.",
        "Write `skills: {requireApproval: true}` in a base policy or in a guardrail.",
        Severity.NOTE,
    )


def _requires(policy: Policy) -> bool:
    skills = policy.spec.skills
    return skills is not None and bool(skills.require_approval) and policy.spec.enforcement is Enforcement.ENFORCE


RULE = Rule(
    id="skill-requirement-unset",
    name="Approvals should be required",
    severity=Severity.NOTE,
    what="Approved skills in an organization of which no enforced policy sets `skills.requireApproval`. One note for "
    "all of them.",
    why="An approval only matters where it is required. Revocations hold in any case.",
    bad="""\
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: release-notes}
spec:
  appliesTo: everyone
  key: release-notes
  digest: sha256:ba7fcdc2e2afda5f3de05f629f39d1516c0f8aba32713c5badf52d2dc2755265
  status: approved
  reviewedBy: alice
""",
    good="""\
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: release-notes}
spec:
  appliesTo: everyone
  key: release-notes
  digest: sha256:ba7fcdc2e2afda5f3de05f629f39d1516c0f8aba32713c5badf52d2dc2755265
  status: approved
  reviewedBy: alice
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, skills: {requireApproval: true}}
""",
    check=_check,
)
