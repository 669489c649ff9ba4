"""What one policy denies, nobody is asked about."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.covering import CoveringList
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        tools = policy.spec.tools
        if tools is None or not tools.ask or not tools.deny:
            continue
        denied = CoveringList(tools.deny, context.catalogue.expand, context.catalogue.tools)
        for index, pattern, owner in denied.covered(tools.ask):
            same = "both asked about and denied here" if owner == pattern else f"asked about, but `{owner}` denies it"
            yield Finding(
                "ask-and-deny",
                policy.address,
                f"/spec/tools/ask/{index}",
                f"`{pattern}` is {same}; deny wins.",
                "Remove it from one of the lists.",
                Severity.WARNING,
            )


RULE = Rule(
    id="ask-and-deny",
    name="Asked about and denied at once",
    severity=Severity.WARNING,
    what="Entries of `tools.ask` that `tools.deny` of the same policy covers completely.",
    why="Deny wins over ask, so the question never comes: one of the two lists does not say what its author meant.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {ask: [exec], deny: ["group:runtime"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {ask: ["group:runtime"], deny: [exec]}
""",
    check=_check,
)
