"""An approval of whatever calls itself by the name."""

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
        if spec.status is SkillStatus.APPROVED and spec.digest is None:
            version = f"everything that calls itself version {spec.version}" if spec.version else "every version"
            yield Finding(
                "skill-approved-without-digest",
                approval.address,
                "/spec/status",
                f"This approves {version} of the skill `{spec.key}`, whatever its content.",
                "Write the `digest` of the content that was reviewed.",
                Severity.WARNING,
            )


RULE = Rule(
    id="skill-approved-without-digest",
    name="Approvals should pin the content",
    severity=Severity.WARNING,
    what="Approved skills without a `digest`.",
    why="What was reviewed is content. A name and a version can be published again with other content.",
    bad="""\
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: release-notes}
spec: {appliesTo: everyone, key: release-notes, version: 2.3.0, status: approved, reviewedBy: alice}
""",
    good="""\
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: release-notes}
spec:
  appliesTo: everyone
  key: release-notes
  version: 2.3.0
  digest: sha256:ba7fcdc2e2afda5f3de05f629f39d1516c0f8aba32713c5badf52d2dc2755265
  status: approved
  reviewedBy: alice
""",
    check=_check,
)
