"""A trial without an end stays a trial."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.targeting import Enforcement, SpanWindow

_ENDS = frozenset({"until", "expires", "review", "review-by", "decide-by"})


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        spec = policy.spec
        if spec.mode is PolicyMode.GUARDRAIL or spec.enforcement is Enforcement.ENFORCE or _ends(policy):
            continue
        yield Finding(
            "observe-without-end",
            policy.address,
            "/spec/enforcement",
            f"This policy is on trial (`{spec.enforcement.value}`), and nothing says until when.",
            "Write a date in the annotation `until`, or let the policy decide.",
            Severity.NOTE,
        )


def _ends(policy: Policy) -> bool:
    if any(key.rpartition("/")[2] in _ENDS and text.strip() for key, text in policy.metadata.annotations.items()):
        return True
    schedule = policy.spec.schedule
    return schedule is not None and all(
        isinstance(window, SpanWindow) and window.until is not None for window in schedule.windows
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
