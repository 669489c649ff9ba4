"""A lax value in a policy that can only narrow does nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.silence import is_laxest
from clawforge.resolve.field import policy_fields
from clawforge.resource.policy import Policy, PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    lineage = context.lineage
    for policy in context.each(Policy):
        if policy.spec.mode is PolicyMode.BASE or policy.metadata.name in lineage.extended:
            continue
        for field in policy_fields():
            value = field.value_in(policy.spec)
            if is_laxest(field, value) and not lineage.inherits(policy, field.section, field.attribute):
                written = str(value).lower() if isinstance(value, bool) else value
                yield Finding(
                    "overlay-widens-nothing",
                    policy.address,
                    field.pointer,
                    f"`{field.path}: {written}` has no effect: a policy of the mode `{policy.spec.mode.value}` only "
                    "narrows.",
                    "Remove it. To allow more, write a base policy for these subjects.",
                    Severity.WARNING,
                )


RULE = Rule(
    id="overlay-widens-nothing",
    name="Overlays and guardrails cannot widen",
    severity=Severity.WARNING,
    what="Fields of overlays and guardrails that are set to their laxest value, such as `exec.mode: full`, "
    "`workspaceOnly: false` or `privateAddresses: allow`. A value that overrides what the policy extends is no "
    "such case, and policies that others extend are passed over.",
    why="Overlays and guardrails only narrow. Who writes a lax value there believes that something is allowed "
    "which is not.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: on-call}
spec:
  mode: overlay
  appliesTo: everyone
  exec: {mode: full, deny: ["rm **"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: on-call}
spec:
  mode: overlay
  appliesTo: everyone
  exec: {mode: ask}
""",
    check=_check,
)
