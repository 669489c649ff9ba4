"""A guardrail's list of commands that is looked at only if something else says so."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import ExecMode, Policy, PolicyMode
from clawforge.resource.targeting import Enforcement


def _check(context: LintContext) -> Iterable[Finding]:
    suspects = [
        policy
        for policy in context.each(Policy)
        if policy.spec.mode is PolicyMode.GUARDRAIL
        and policy.spec.enforcement is Enforcement.ENFORCE
        and policy.spec.exec is not None
        and policy.spec.exec.allow is not None
        and not _sets_mode(context, policy)
    ]
    guarded = bool(suspects) and any(
        policy.spec.mode is PolicyMode.GUARDRAIL and _sets_mode(context, policy) for policy in context.universal
    )
    for policy in suspects if not guarded else ():
        yield Finding(
            "guardrail-bypassed-by-mode",
            policy.address,
            "/spec/exec/allow",
            "This guardrail does not hold by itself: in the mode `full`, or when a call is elevated, all commands run.",
            "Add `mode: allowlist` or `mode: ask` to its `exec`, which then looks at the list.",
            Severity.WARNING,
        )


def _sets_mode(context: LintContext, policy: Policy) -> bool:
    return context.lineage.said(policy, "exec", "mode") not in (None, ExecMode.FULL)


RULE = Rule(
    id="guardrail-bypassed-by-mode",
    name="A guardrail should not depend on another policy's mode",
    severity=Severity.WARNING,
    what="Enforced guardrails with `exec.allow` that set no `exec.mode`, or `full`, while no guardrail for everyone "
    "sets another one.",
    why="`exec.allow` counts only in the modes `ask` and `allowlist`. A guardrail without a mode leaves that to the "
    "base, and an elevated call, which guardrails alone judge, runs in mode `full`.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: build-commands}
spec:
  mode: guardrail
  appliesTo: {tags: {role: [build]}}
  exec: {allow: ["git **", "make **"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: build-commands}
spec:
  mode: guardrail
  appliesTo: {tags: {role: [build]}}
  exec: {mode: allowlist, allow: ["git **", "make **"]}
""",
    check=_check,
)
