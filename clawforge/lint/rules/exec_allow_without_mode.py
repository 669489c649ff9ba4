"""A list of commands that nothing looks at."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import ExecMode, Policy, PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    lineage = context.lineage
    suspects = [
        policy
        for policy in context.each(Policy)
        if policy.spec.mode is PolicyMode.BASE
        and policy.spec.exec is not None
        and policy.spec.exec.allow
        and policy.metadata.name not in lineage.extended
        and lineage.said(policy, "exec", "mode") in (None, ExecMode.FULL)
    ]
    if not suspects or _is_narrowed_elsewhere(context):
        return
    for policy in suspects:
        mode = lineage.said(policy, "exec", "mode")
        why = "the mode is `full`" if mode else "no mode is given, which means `full`"
        yield Finding(
            "exec-allow-without-mode",
            policy.address,
            "/spec/exec/allow",
            f"This list has no effect: {why}, so every command runs.",
            "Add `mode: allowlist` or `mode: ask`, or remove the list.",
            Severity.WARNING,
        )


def _is_narrowed_elsewhere(context: LintContext) -> bool:
    """Whether an overlay or guardrail can make the mode of a base one that looks at lists."""
    return any(
        policy.spec.mode is not PolicyMode.BASE
        and context.lineage.said(policy, "exec", "mode") in (ExecMode.ASK, ExecMode.ALLOWLIST)
        for policy in context.each(Policy)
    )


RULE = Rule(
    id="exec-allow-without-mode",
    name="A list of commands needs a mode that looks at it",
    severity=Severity.WARNING,
    what="Base policies with `exec.allow` whose mode is `full` or left out, which means `full`. Policies that "
    "others extend are passed over, and so is everything as long as some overlay or guardrail sets a mode that "
    "looks at the list.",
    why="The list reads as if only these commands could run, but every command can.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {allow: ["git status **"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {mode: allowlist, allow: ["git status **"]}
""",
    check=_check,
)
