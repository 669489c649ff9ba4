"""An approval that another verdict takes back."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.targeting import AppliesTo

_EVERYONE = "everyone"


def _check(context: LintContext) -> Iterable[Finding]:
    refusals: dict[tuple[str, str | None, str | None], dict[str, SkillApproval]] = {}
    for verdict in context.each(SkillApproval):
        spec = verdict.spec
        if spec.status is not SkillStatus.APPROVED and spec.schedule is None:
            identity = (spec.key, spec.version, spec.digest)
            refusals.setdefault(identity, {}).setdefault(_subjects(spec.applies_to), verdict)
    if not refusals:
        return
    for approval in context.each(SkillApproval):
        refusal = _refusal(approval, refusals) if approval.spec.status is SkillStatus.APPROVED else None
        if refusal is not None:
            status = refusal.spec.status.value
            yield Finding(
                "skill-approved-and-revoked",
                approval.address,
                "/spec/status",
                f"{refusal.address} says that the skill `{approval.spec.key}` is {status}, and that wins.",
                "Remove the approval, or narrow the other verdict to a version, a digest or certain subjects.",
                Severity.WARNING,
                (refusal.address,),
            )


def _refusal(
    approval: SkillApproval, refusals: dict[tuple[str, str | None, str | None], dict[str, SkillApproval]]
) -> SkillApproval | None:
    """A verdict against all that the approval names, for all whom it is for."""
    spec = approval.spec
    for version, digest in product({spec.version, None}, {spec.digest, None}):
        by_subjects = refusals.get((spec.key, version, digest), {})
        found = by_subjects.get(_EVERYONE) or by_subjects.get(_subjects(spec.applies_to))
        if found is not None:
            return found
    return None


def _subjects(applies_to: AppliesTo) -> str:
    return _EVERYONE if isinstance(applies_to, str) else applies_to.model_dump_json()


RULE = Rule(
    id="skill-approved-and-revoked",
    name="A skill should not be approved and revoked",
    severity=Severity.WARNING,
    what="Approvals that a revocation or rejection without a schedule covers completely: the same key, the same or any "
    "version and digest, for everyone or for the same subjects.",
    why="The refusal wins, so the approval does nothing; whoever reads only it believes that the skill may run.",
    bad="""\
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: pdf-forms}
spec:
  appliesTo: everyone
  key: pdf-forms
  digest: sha256:ba7fcdc2e2afda5f3de05f629f39d1516c0f8aba32713c5badf52d2dc2755265
  status: approved
  reviewedBy: alice
---
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: pdf-forms-revoked}
spec: {appliesTo: everyone, key: pdf-forms, status: revoked}
""",
    good="""\
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: pdf-forms}
spec:
  appliesTo: everyone
  key: pdf-forms
  version: 1.0.1
  digest: sha256:ba7fcdc2e2afda5f3de05f629f39d1516c0f8aba32713c5badf52d2dc2755265
  status: approved
  reviewedBy: alice
---
apiVersion: clawforge/v1
kind: SkillApproval
metadata: {name: pdf-forms-revoked}
spec: {appliesTo: everyone, key: pdf-forms, version: 1.0.0, status: revoked}
""",
    check=_check,
)
