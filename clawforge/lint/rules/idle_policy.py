"""A policy without which everybody gets the same."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.proofs.policies:
        if policy.spec.mode is PolicyMode.GUARDRAIL or policy.address in context.proofs.parents:
            continue
        if context.proofs.is_reported(policy) or not context.proofs.is_idle(policy):
            continue
        yield Finding(
            "idle-policy",
            policy.address,
            "/spec/mode",
            f"This {policy.spec.mode.value} changes nothing for anybody: without it everybody gets the same.",
            "Remove it, or check whom it is for and what it says.",
            Severity.WARNING,
        )


RULE = Rule(
    id="idle-policy",
    name="Policies should change something for somebody",
    severity=Severity.WARNING,
    what="Bases and overlays that decide and change nothing for anybody, at any time, whether they exist yet or not: "
    "proved by looking at every class of subjects that they can match. Policies that others extend are left out, and "
    "projects with very many policies.",
    why="It looks as if it did something: whoever reads it believes in a protection or permission that is not there.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, tools: {allow: [read, write]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: no-shell}
spec: {mode: overlay, appliesTo: everyone, tools: {deny: [exec]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, tools: {allow: [exec, read, write]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: no-shell}
spec: {mode: overlay, appliesTo: everyone, tools: {deny: [exec]}}
""",
    check=_check,
)
