"""A guardrail that others imply."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    for policy, for_somebody in context.proofs.idle_policies:
        if policy.spec.mode is PolicyMode.GUARDRAIL and for_somebody:
            yield Finding(
                "implied-guardrail",
                policy.address,
                "/metadata/name",
                "Other guardrails imply this one: without it everybody gets the same, also while elevated.",
                "Remove it, or check whom it is for and what it says.",
                Severity.WARNING,
            )


RULE = Rule(
    id="implied-guardrail",
    name="Guardrails should not be implied by others",
    severity=Severity.WARNING,
    what="Guardrails without which everybody gets the same, at any time, and also when base and overlays are lifted: "
    "proved for every kind of subject that they can match. All that are found may go together; of several that say the "
    "same the first stays. Guardrails that repeat what a base or an overlay says are not among them.",
    why="A rule that is written twice is changed once. The copy hides that the other one carries all the weight.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: no-shell}
spec: {mode: guardrail, appliesTo: everyone, tools: {deny: [exec, process]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: no-shell-for-finance}
spec: {mode: guardrail, appliesTo: {groups: [finance]}, tools: {deny: [exec]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: finance}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: no-processes}
spec: {mode: guardrail, appliesTo: everyone, tools: {deny: [process]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: no-shell-for-finance}
spec: {mode: guardrail, appliesTo: {groups: [finance]}, tools: {deny: [exec]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: finance}
""",
    check=_check,
)
