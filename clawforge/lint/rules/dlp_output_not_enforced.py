"""A rule on what agents only do with the parameters of calls."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.dlp_rule_set import DlpDirection, DlpRuleSet


def _check(context: LintContext) -> Iterable[Finding]:
    for rule_set in context.each(DlpRuleSet):
        for index, rule in enumerate(rule_set.spec.rules):
            beyond = [
                direction.value for direction in dict.fromkeys(rule.directions) if direction != DlpDirection.INPUT
            ]
            if not beyond:
                continue
            if DlpDirection.INPUT in rule.directions:
                severity, effect = Severity.NOTE, "for them this rule has no effect"
            else:
                severity, effect = Severity.WARNING, f"the rule `{rule.id}` has no effect"
            yield Finding(
                "dlp-output-not-enforced",
                rule_set.address,
                f"/spec/rules/{index}/directions",
                f"Agents scan what goes into a tool, not {' and '.join(beyond)}: {effect}.",
                "Use the direction `input` for the tools that take the data out, such as message and web_fetch.",
                severity,
            )


RULE = Rule(
    id="dlp-output-not-enforced",
    name="Only the input of tools is scanned",
    severity=Severity.WARNING,
    what="Rules for the directions `output` and `outbound`. A note where the rule also covers `input`.",
    why="Hosts do not let a plugin look at or rewrite what a tool returns, so nothing is blocked, redacted or recorded "
    "there.",
    bad="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys}
spec:
  appliesTo: everyone
  rules: [{id: keys, detector: private-key, directions: [output], action: redact}]
""",
    good="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys}
spec:
  appliesTo: everyone
  rules: [{id: keys, detector: private-key, directions: [input], action: redact}]
""",
    check=_check,
)
