"""A trial without an end stays a trial."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.trial import has_end
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        spec = policy.spec
        if (
            spec.mode is PolicyMode.GUARDRAIL
            or spec.enforcement is Enforcement.ENFORCE
            or has_end(policy.metadata, spec.schedule)
        ):
            continue
        yield Finding(
            "observe-without-end",
            policy.address,
            "/spec/enforcement",
            f"This policy is on trial (`{spec.enforcement.value}`), and nothing says until when.",
            "Write a date in the annotation `until`, or let the policy decide.",
            Severity.NOTE,
        )


RULE = Rule(
    id="observe-without-end",
    name="A trial should end",
    severity=Severity.NOTE,
    what="Base policies and overlays with the enforcement `observe` or `warn` and without an end: one of the "
    "annotations `until`, `expires`, `review`, `review-by` and `decide-by` (a prefix such as `clawforge.io/` "
    "does not matter), or a schedule that ends.",
    why="Trials are forgotten, and everybody believes that the policy holds.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: trial}
spec:
  mode: overlay
  enforcement: observe
  appliesTo: everyone
  network: {allow: ["*.acme.example"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata:
  name: trial
  annotations: {decide-by: 2027-01-15}
spec:
  mode: overlay
  enforcement: observe
  appliesTo: everyone
  network: {allow: ["*.acme.example"]}
""",
    check=_check,
)
