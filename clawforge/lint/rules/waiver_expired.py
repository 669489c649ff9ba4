"""A waiver past its end accepts nothing, and whoever gave it should look again."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.meta import format_instant
from clawforge.resource.waiver import Waiver


def _check(context: LintContext) -> Iterable[Finding]:
    if context.now is None:
        return
    for waiver in context.each(Waiver):
        spec = waiver.spec
        if context.now >= spec.ends:
            message = f"This waiver of `{spec.rule}` for {spec.resource} ended at {format_instant(spec.ends)}."
            hint = "Mend what it accepted and remove it, or think about it again and set a new `expires`."
            yield Finding("waiver-expired", waiver.address, "/spec/expires", message, hint, Severity.WARNING)


RULE = Rule(
    id="waiver-expired",
    name="Waivers expire",
    severity=Severity.WARNING,
    what="Waivers whose `expires` has passed. A day counts to its end in UTC.",
    why="An expired waiver accepts nothing: its findings are reported again. Left where it is, it looks as if somebody "
    "still stood by it.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {deny: ["rm **"]}
---
apiVersion: clawforge/v1
kind: Waiver
metadata: {name: shell-until-migration}
spec:
  rule: exec-deny-best-effort
  resource: Policy/everybody
  reason: The build servers move to an allow list in spring.
  expires: 2020-01-31
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  exec: {deny: ["rm **"]}
---
apiVersion: clawforge/v1
kind: Waiver
metadata: {name: shell-until-migration}
spec:
  rule: exec-deny-best-effort
  resource: Policy/everybody
  reason: The build servers move to an allow list in spring.
  expires: 2099-01-31
  approvedBy: priya
""",
    check=_check,
)
