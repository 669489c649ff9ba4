"""Overlays and guardrails all count, whatever their priority."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy, PolicyMode, PolicySpec

_USUAL = PolicySpec.model_fields["priority"].default


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        if policy.spec.mode is PolicyMode.BASE or policy.spec.priority == _USUAL:
            continue
        layers = context.lineage.layers(policy)
        if layers is not None and not any(layer.spec.message for layer in layers):
            yield Finding(
                "priority-without-effect",
                policy.address,
                "/spec/priority",
                f"The priority has no effect: everything that a policy of the mode `{policy.spec.mode.value}` narrows "
                "counts, whatever its priority.",
                "Remove it.",
                Severity.NOTE,
            )


RULE = Rule(
    id="priority-without-effect",
    name="Priority decides among base policies",
    severity=Severity.NOTE,
    what="Overlays and guardrails with a `priority` and without a `message`. Among them priority decides only whose "
    "message is shown.",
    why="Who gives a guardrail a high priority believes that it needs one to win.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: control}
spec:
  mode: guardrail
  appliesTo: everyone
  priority: 1000
  tools: {deny: [gateway]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: control}
spec:
  mode: guardrail
  appliesTo: everyone
  tools: {deny: [gateway]}
""",
    check=_check,
)
