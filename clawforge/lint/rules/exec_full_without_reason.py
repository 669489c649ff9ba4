"""A shell without limits is a decision that somebody can explain."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import ExecMode, Policy, PolicyMode

_REASONS = frozenset({"reason", "justification", "accepted-risk"})


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        commands = policy.spec.exec
        if commands is None or commands.mode is not ExecMode.FULL or policy.spec.mode is not PolicyMode.BASE:
            continue
        annotations = policy.metadata.annotations
        if not any(key.rpartition("/")[2] in _REASONS and text.strip() for key, text in annotations.items()):
            yield Finding(
                "exec-full-without-reason",
                policy.address,
                "/spec/exec/mode",
                "This opens the shell without limits, and does not say why.",
                "Say why in the annotation `reason`, or use `mode: ask` or `mode: allowlist`.",
                Severity.WARNING,
            )


RULE = Rule(
    id="exec-full-without-reason",
    name="An open shell has a reason",
    severity=Severity.WARNING,
    what="Base policies that say `exec.mode: full` and have none of the annotations `reason`, `justification` and "
    "`accepted-risk` (a prefix such as `clawforge.io/` does not matter).",
    why="With an open shell most other limits are advice: a command can read, write and send anything. Whoever "
    "reviews the policy later needs to know why it is so and who may end it.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: sre}
spec:
  appliesTo: everyone
  exec: {mode: full}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata:
  name: sre
  annotations: {reason: Operations work cannot be listed in advance. Reviewed every quarter.}
spec:
  appliesTo: everyone
  exec: {mode: full}
""",
    check=_check,
)
