"""Changes reach machines in one way."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.change_policy import ChangePolicy

_ID = "several-rollouts"


def _check(context: LintContext) -> Iterable[Finding]:
    found = [policy for policy in context.each(ChangePolicy) if policy.spec.rollout is not None]
    for policy in found[1:]:
        yield Finding(
            _ID,
            policy.address,
            "/spec/rollout",
            f"{found[0].address} says already how changes are rolled out.",
            "Keep one `rollout`, and name all rings in it.",
            Severity.ERROR,
            (found[0].address,),
        )


RULE = Rule(
    id=_ID,
    name="One ChangePolicy says how changes are rolled out",
    severity=Severity.ERROR,
    what="A second ChangePolicy with a `rollout`, and every further one.",
    why="Rings are an order of machines. Of two orders neither is stricter, so that nobody could say which counts.",
    bad="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: slowly}
spec:
  rollout:
    rings: [{name: canaries, appliesTo: {tags: {ring: [canary]}}, bake: 30m}]
---
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: with-care}
spec:
  rollout:
    rings: [{name: laptops, appliesTo: {tags: {kind: [laptop]}}, bake: 1h}]
""",
    good="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: slowly}
spec:
  rollout:
    rings:
      - {name: canaries, appliesTo: {tags: {ring: [canary]}}, bake: 30m}
      - {name: laptops, appliesTo: {tags: {kind: [laptop]}}, bake: 1h}
""",
    check=_check,
)
