"""A list of commands under a mode that refuses all of them."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import ExecMode, Policy


def _check(context: LintContext) -> Iterable[Finding]:
    lineage = context.lineage
    for policy in context.each(Policy):
        if policy.spec.exec is None or not policy.spec.exec.allow or policy.metadata.name in lineage.extended:
            continue
        if lineage.said(policy, "exec", "mode") is ExecMode.DENY:
            whose = "the mode is" if policy.spec.exec.mode else "the policy inherits the mode"
            yield Finding(
                "exec-allow-in-deny-mode",
                policy.address,
                "/spec/exec/allow",
                f"This list is never used: {whose} `deny`.",
                "Write `mode: allowlist` to let these commands run, or remove the list.",
                Severity.WARNING,
            )


RULE = Rule(
    id="exec-allow-in-deny-mode",
    name="A list of commands cannot open a denied shell",
    severity=Severity.WARNING,
    what="Policies with `exec.allow` whose mode is `deny`, by themselves or by what they extend. Policies that "
    "others extend are passed over.",
    why="`deny` is the strictest mode and nothing lifts it, so none of the commands will ever run.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {mode: deny, allow: ["git status **"]}
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
