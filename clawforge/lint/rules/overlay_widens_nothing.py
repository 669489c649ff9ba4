"""A lax value in a policy that can only narrow does nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resource.merge import MergeRule
from clawforge.resource.policy import Policy, PolicyMode, Profile


def _check(context: LintContext) -> Iterable[Finding]:
    lineage = context.lineage
    for policy in context.each(Policy):
        if policy.spec.mode is PolicyMode.BASE or policy.metadata.name in lineage.extended:
            continue
        for field in policy_fields():
            value = field.value_in(policy.spec)
            if _is_laxest(field, value) and not lineage.inherits(policy, field.section, field.attribute):
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


def _is_laxest(field: PolicyField, value: Any) -> bool:
    if field.merge.rule is MergeRule.STRICTEST:
        return value is not None and value == field.merge.order[0]
    return value is False or value is Profile.FULL


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
