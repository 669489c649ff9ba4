"""An approval that nobody answers for."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.skill_approval import SkillApproval, SkillStatus


def _check(context: LintContext) -> Iterable[Finding]:
    for approval in context.each(SkillApproval):
        spec = approval.spec
        if spec.status is SkillStatus.APPROVED and spec.reviewed_by is None:
            yield Finding(
                "skill-approved-without-reviewer",
                approval.address,
                "/spec/status",
                f"The skill `{spec.key}` is approved, but nobody is named who reviewed it.",
                "Write `reviewedBy`.",
                Severity.WARNING,
            )


RULE = Rule(
    id="skill-approved-without-reviewer",
    name="Approvals should name their reviewer",
    severity=Severity.WARNING,
    what="Approved skills without `reviewedBy`.",
    why="When a skill turns out to be harmful, somebody must be able to say what was looked at.",
    bad="""\
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: release-notes}
spec:
  appliesTo: everyone
  key: release-notes
  digest: sha256:ba7fcdc2e2afda5f3de05f629f39d1516c0f8aba32713c5badf52d2dc2755265
  status: approved
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
""",
    check=_check,
)
