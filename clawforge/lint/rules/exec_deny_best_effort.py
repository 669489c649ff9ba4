"""`exec.deny` is best effort, and whoever relies on it should know."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import ExecMode, Policy


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        commands = policy.spec.exec
        if commands is not None and commands.deny and commands.mode is not ExecMode.DENY:
            yield Finding(
                "exec-deny-best-effort",
                policy.address,
                "/spec/exec/deny",
                "`exec.deny` is best effort: a shell has many ways to write one command.",
                "To hold for certain, use `mode: allowlist` with the commands that may run.",
                Severity.NOTE,
            )


RULE = Rule(
    id="exec-deny-best-effort",
    name="A list of denied commands is best effort",
    severity=Severity.NOTE,
    what="Policies that refuse single shell commands without refusing the shell.",
    why="A command can be written in so many ways that no list of forbidden ones is complete. A list of allowed ones "
    "is.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {deny: ["rm **"]}
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
