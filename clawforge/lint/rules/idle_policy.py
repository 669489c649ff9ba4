"""A policy without which everybody gets the same."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    for policy, for_somebody in context.proofs.idle_policies:
        mode = policy.spec.mode
        if not for_somebody:
            message = f"Nobody can match this {mode.value}, so it changes nothing."
        elif mode is PolicyMode.GUARDRAIL:
            continue
        else:
            message = f"This {mode.value} changes nothing for anybody: without it everybody gets the same."
        yield Finding(
            "idle-policy",
            policy.address,
            "/metadata/name",
            message,
            "Remove it, or check whom it is for and what it says.",
            Severity.WARNING,
        )


RULE = Rule(
    id="idle-policy",
    name="Policies should change something for somebody",
    severity=Severity.WARNING,
    what="Bases and overlays without which everybody gets the same, at any time and down to the message of a refusal, "
    "also people and machines that do not exist yet: proved for every kind of subject that they can match. Policies "
    "that nobody can match are found too. All that are found may go together; of several that say the same the first "
    "stays. Policies that others extend are left out, and so are projects with very many policies.",
    why="It looks as if it did something: whoever reads it believes in a protection or a permission that comes from "
    "elsewhere, or that is not there.",
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
