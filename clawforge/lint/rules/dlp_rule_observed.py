"""A trial of DLP rules that nobody will end."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.trial import has_end
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.targeting import Enforcement


def _check(context: LintContext) -> Iterable[Finding]:
    for rule_set in context.each(DlpRuleSet):
        enforcement = rule_set.spec.enforcement
        if enforcement is Enforcement.ENFORCE or has_end(rule_set.metadata, rule_set.spec.schedule):
            continue
        yield Finding(
            "dlp-rule-observed",
            rule_set.address,
            "/spec/enforcement",
            f"With `enforcement: {enforcement.value}` these rules stop nothing, and no end of that is written down.",
            "Write an annotation such as `until: 2027-01-31`, a schedule that ends, or `enforcement: enforce`.",
            Severity.NOTE,
        )


RULE = Rule(
    id="dlp-rule-observed",
    name="Trials of DLP rules should end",
    severity=Severity.NOTE,
    what="DLP rule sets that observe or warn, without an annotation `until`, `expires`, `review`, `review-by` or "
    "`decide-by` and without a schedule that ends.",
    why="A trial without an end becomes the state of things: the rules look like protection and are none.",
    bad="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys}
spec:
  appliesTo: everyone
  enforcement: observe
  rules: [{id: keys, detector: private-key, action: block}]
""",
    good="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys, annotations: {until: 2027-01-31}}
spec:
  appliesTo: everyone
  enforcement: observe
  rules: [{id: keys, detector: private-key, action: block}]
""",
    check=_check,
)
