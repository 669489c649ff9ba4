"""An overlay or guardrail without rules narrows nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.silence import speaks
from clawforge.resource.policy import Policy, PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        if policy.spec.mode is PolicyMode.BASE:
            continue
        layers = context.lineage.layers(policy)
        if layers is not None and not any(speaks(layer.spec) for layer in layers):
            yield Finding(
                "guardrail-without-effect",
                policy.address,
                "/spec/mode",
                f"This {policy.spec.mode.value} sets nothing, so it narrows nothing.",
                "Add the rules that it should hold, or remove it.",
                Severity.WARNING,
            )


RULE = Rule(
    id="guardrail-without-effect",
    name="Overlays and guardrails should say something",
    severity=Severity.WARNING,
    what="Overlays and guardrails that set no field, by themselves or by what they extend. An empty list of things "
    "that are denied or asked about sets nothing.",
    why="It looks like protection, and there is none.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: secrets}
spec:
  mode: guardrail
  appliesTo: everyone
  paths: {deny: []}
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
