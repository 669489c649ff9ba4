"""The worst kind of find, and nothing happens."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.dlp_rule_set import DlpAction, DlpRuleSet, DlpSeverity


def _check(context: LintContext) -> Iterable[Finding]:
    for rule_set in context.each(DlpRuleSet):
        for index, rule in enumerate(rule_set.spec.rules):
            if rule.severity is DlpSeverity.CRITICAL and rule.action is DlpAction.LOG:
                yield Finding(
                    "dlp-log-only-critical",
                    rule_set.address,
                    f"/spec/rules/{index}/action",
                    f"What `{rule.id}` finds is critical, and leaves all the same: `log` only records.",
                    "Write `block`, `ask` or `redact`, or lower the severity.",
                    Severity.WARNING,
                )


RULE = Rule(
    id="dlp-log-only-critical",
    name="Critical finds should be stopped",
    severity=Severity.WARNING,
    what="DLP rules of severity `critical` with the action `log`.",
    why="By the time that somebody reads the record the data has left.",
    bad="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys}
spec:
  appliesTo: everyone
  rules: [{id: keys, detector: private-key, severity: critical, action: log}]
""",
    good="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys}
spec:
  appliesTo: everyone
  rules: [{id: keys, detector: private-key, severity: critical, action: block}]
""",
    check=_check,
)
