"""A ring of a rollout that nobody can be in."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.change_policy import ChangePolicy

_ID = "ring-without-machines"


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(ChangePolicy):
        everybody: int | None = None
        for index, ring in enumerate(policy.spec.rollout.rings if policy.spec.rollout is not None else ()):
            if everybody is not None:
                yield Finding(
                    _ID,
                    policy.address,
                    f"/spec/rollout/rings/{index}",
                    f"Every machine is in a ring before `{ring.name}`, so that nobody is in it.",
                    "Put the ring of everyone last, or leave it out: whoever is in no ring comes last anyway.",
                    Severity.WARNING,
                )
            elif isinstance(ring.applies_to, str):
                everybody = index


RULE = Rule(
    id=_ID,
    name="Every ring of a rollout should have machines",
    severity=Severity.WARNING,
    what="A ring after one for `everyone`.",
    why="A machine is in the first ring that means it, so the later ring only delays what nobody waits for.",
    bad="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: slowly}
spec:
  rollout:
    rings:
      - {name: all, appliesTo: everyone, bake: 1h}
      - {name: canaries, appliesTo: {tags: {ring: [canary]}}, bake: 30m}
""",
    good="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: slowly}
spec:
  rollout:
    rings:
      - {name: canaries, appliesTo: {tags: {ring: [canary]}}, bake: 30m}
""",
    check=_check,
)
