"""Two rules that look for one thing in one place."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.dlp_rule_set import DlpRule, DlpRuleSet


def _check(context: LintContext) -> Iterable[Finding]:
    for rule_set in context.each(DlpRuleSet):
        first: dict[object, DlpRule] = {}
        for index, rule in enumerate(rule_set.spec.rules):
            same = first.setdefault(_search(rule), rule)
            if same is rule:
                continue
            effect = "" if same.action is rule.action else "; of the two actions the stricter one holds"
            yield Finding(
                "dlp-duplicate-rule",
                rule_set.address,
                f"/spec/rules/{index}/id",
                f"`{rule.id}` looks for the same as `{same.id}`, for the same tools and directions{effect}.",
                "Remove one of them, or let them differ in `tools`.",
                Severity.WARNING,
            )


def _search(rule: DlpRule) -> tuple[object, ...]:
    return rule.detector, rule.pattern, rule.keywords, rule.tools, frozenset(rule.directions)


RULE = Rule(
    id="dlp-duplicate-rule",
    name="DLP rules should not repeat one another",
    severity=Severity.WARNING,
    what="Rules of one rule set with the same detector or pattern, keywords, tools and directions.",
    why="Every find is reported twice, and whoever changes one of the rules does not change what happens.",
    bad="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys}
spec:
  appliesTo: everyone
  rules:
  - {id: keys, detector: private-key, action: block}
  - {id: more-keys, detector: private-key, action: redact}
""",
    good="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: keys}
spec:
  appliesTo: everyone
  rules:
  - {id: keys, detector: private-key, tools: [message], action: block}
  - {id: more-keys, detector: private-key, tools: [write], action: redact}
""",
    check=_check,
)
