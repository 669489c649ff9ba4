"""Where nothing is recorded, nothing can be looked into."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.organization import Organization
from clawforge.resource.policy import AuditLevel, Policy, PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    silent = [
        *(policy for policy in context.each(Policy) if policy.spec.mode is PolicyMode.BASE),
        *context.each(Organization),
    ]
    off = [item.address for item in silent if item.spec.audit is not None and item.spec.audit.level is AuditLevel.OFF]
    if off and not any(
        context.lineage.said(policy, "audit", "level") in (AuditLevel.METADATA, AuditLevel.FULL)
        for policy in context.universal
    ):
        message = "Agents report nothing: not which tools they call, nor what is refused."
        hint = "Use `level: metadata`, which records no content."
        for address in off:
            yield Finding("audit-off", address, "/spec/audit/level", message, hint, Severity.WARNING)


RULE = Rule(
    id="audit-off",
    name="What agents do should be recorded",
    severity=Severity.WARNING,
    what="`audit.level: off` in a base policy or an organization, unless an overlay or guardrail for everyone asks "
    "for more.",
    why="After an incident the record is all there is. `metadata` says who called what and holds no content.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  audit: {level: off}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  audit: {level: metadata}
""",
    check=_check,
)
