"""A DLP rule's detector must exist."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.spelling import KnownNames


def _check(context: LintContext) -> Iterable[Finding]:
    rule_sets = [item for item in context.each(DlpRuleSet) if any(rule.detector for rule in item.spec.rules)]
    if not rule_sets:
        return
    from clawforge.decide.dlp.registry import DETECTORS

    known = KnownNames(detector.id for detector in DETECTORS)
    for rule_set in rule_sets:
        for index, rule in enumerate(rule_set.spec.rules):
            if rule.detector is None or rule.detector in known:
                continue
            guess = known.nearest(rule.detector)
            yield Finding(
                "unknown-detector",
                rule_set.address,
                f"/spec/rules/{index}/detector",
                f"There is no detector `{rule.detector}`.",
                f"Did you mean `{guess}`?" if guess else f"Detectors: {', '.join(known)}.",
            )


RULE = Rule(
    id="unknown-detector",
    name="Detectors must exist",
    severity=Severity.ERROR,
    what="DLP rules whose detector does not exist.",
    why="Such a rule finds nothing: what it should have stopped would leave unseen.",
    bad="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: cards}
spec:
  appliesTo: everyone
  rules: [{id: card, detector: creditcard, action: block}]
""",
    good="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: cards}
spec:
  appliesTo: everyone
  rules: [{id: card, detector: credit-card, action: block}]
""",
    check=_check,
)
