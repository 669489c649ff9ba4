"""A guardrail that only records guards nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        enforcement = policy.spec.enforcement
        if policy.spec.mode is PolicyMode.GUARDRAIL and enforcement is not Enforcement.ENFORCE:
            yield Finding(
                "guardrail-observed",
                policy.address,
                "/spec/enforcement",
                f"This guardrail guards nothing: with `{enforcement.value}` every call passes.",
                "Remove `enforcement`; to try the policy first, make it an overlay until it holds.",
                Severity.WARNING,
            )


RULE = Rule(
    id="guardrail-observed",
    name="A guardrail should hold",
    severity=Severity.WARNING,
    what="Policies of the mode `guardrail` with the enforcement `observe` or `warn`.",
    why="People read `guardrail` and think that it holds. While it observes, every call passes.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: secrets}
spec:
  mode: guardrail
  enforcement: observe
  appliesTo: everyone
  paths: {deny: ["~/.ssh/**"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: secrets}
spec:
  mode: guardrail
  appliesTo: everyone
  paths: {deny: ["~/.ssh/**"]}
""",
    check=_check,
)
