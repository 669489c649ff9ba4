"""An approval that has lapsed."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.skill_approval import SkillApproval, SkillStatus


def _check(context: LintContext) -> Iterable[Finding]:
    if context.now is None:
        return
    today = context.now.day(ZoneInfo(context.timezone))
    for approval in context.each(SkillApproval):
        spec = approval.spec
        if spec.status is SkillStatus.APPROVED and spec.review_by is not None and spec.review_by < today:
            yield Finding(
                "skill-review-overdue",
                approval.address,
                "/spec/reviewBy",
                f"The approval of the skill `{spec.key}` ended with {spec.review_by.isoformat()} and counts no more.",
                "Review the skill and move `reviewBy`, or remove the approval.",
                Severity.WARNING,
            )


RULE = Rule(
    id="skill-review-overdue",
    name="Approvals should be reviewed in time",
    severity=Severity.WARNING,
    what="Approved skills whose `reviewBy` has passed, as a day of the organization's time zone.",
    why="From the day after on the approval does not count: where approvals are required the skill is refused.",
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
  reviewBy: 2020-05-31
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
  reviewBy: 2999-05-31
""",
    check=_check,
)
