"""A rule of a ChangePolicy whose conditions exclude one another."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.change_policy import ChangeMatch, ChangePolicy

_ID = "change-policy-matches-nothing"


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(ChangePolicy):
        for index, rule in enumerate(policy.spec.approvals):
            for number in _outside(rule.match):
                yield Finding(
                    _ID,
                    policy.address,
                    f"/spec/approvals/{index}/match/addresses/{number}",
                    f"`{rule.match.addresses[number]}` is of none of the `kinds` that the rule is about, so it means "
                    "nothing.",
                    "Name its kind among `kinds`, or leave `kinds` out.",
                    Severity.WARNING,
                )


def _outside(match: ChangeMatch) -> Iterable[int]:
    """The addresses of kinds that the rule is not about."""
    for number, pattern in enumerate(match.addresses):
        kind = pattern.partition("/")[0]
        if match.kinds and kind != "*" and kind not in match.kinds:
            yield number


RULE = Rule(
    id=_ID,
    name="The conditions of a ChangePolicy should not exclude one another",
    severity=Severity.WARNING,
    what="Addresses in the `match` of a ChangePolicy whose kind is not among its `kinds`.",
    why="Across keys every condition must hold, so what looks guarded can be changed without an approval.",
    bad="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: guards}
spec:
  approvals:
    - match: {kinds: [Policy], addresses: [Invariant/keys-stay-unread, Policy/guardrail-*]}
""",
    good="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: guards}
spec:
  approvals:
    - match: {addresses: [Invariant/keys-stay-unread, Policy/guardrail-*]}
""",
    check=_check,
)
