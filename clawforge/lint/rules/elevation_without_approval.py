"""An elevation that nobody else looks at."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.elevation_policy import ElevationPolicy


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(ElevationPolicy):
        for index, grant in enumerate(policy.spec.grants):
            if grant.approvals.count == 0:
                yield Finding(
                    "elevation-without-approval",
                    policy.address,
                    f"/spec/grants/{index}/approvals/count",
                    f"Whoever asks for `{grant.name}` has it at once: nobody approves it.",
                    "Ask for an approval, or accept this with an ignore comment that says why.",
                    Severity.WARNING,
                )


RULE = Rule(
    id="elevation-without-approval",
    name="Elevations should be approved by somebody",
    severity=Severity.WARNING,
    what="Grants of elevation policies with `approvals.count: 0`.",
    why="Then an agent that is talked into asking lifts its own policy, and people hear of it afterwards.",
    bad="""\
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: shell, tools: [exec], approvals: {count: 0}}
""",
    good="""\
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: shell, tools: [exec], approvals: {count: 1}}
""",
    check=_check,
)
