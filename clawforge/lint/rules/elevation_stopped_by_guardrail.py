"""A grant over tools that a guardrail denies."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.overlay.bounds import is_covered
from clawforge.resource.elevation_policy import ElevationPolicy
from clawforge.resource.policy import PolicyMode


def _check(context: LintContext) -> Iterable[Finding]:
    policies = list(context.each(ElevationPolicy))
    if not policies:
        return
    names = context.catalogue
    for guardrail in context.universal:
        denied = guardrail.spec.tools.deny if guardrail.spec.tools is not None else ()
        if guardrail.spec.mode is not PolicyMode.GUARDRAIL or not denied:
            continue
        patterns = names.expand_all(denied)
        for policy in policies:
            for at, grant in enumerate(policy.spec.grants):
                for index, pattern in enumerate(grant.tools):
                    if is_covered(pattern, patterns, names):
                        yield Finding(
                            "elevation-stopped-by-guardrail",
                            policy.address,
                            f"/spec/grants/{at}/tools/{index}",
                            f"`{pattern}` stays denied: {guardrail.address} is a guardrail, and nothing lifts those.",
                            "Remove it from the grant, or from the guardrail if it may be lifted.",
                            Severity.WARNING,
                            related=(guardrail.address,),
                        )


RULE = Rule(
    id="elevation-stopped-by-guardrail",
    name="A grant should not name what a guardrail denies",
    severity=Severity.WARNING,
    what="Tools of a grant that a guardrail for everyone, at all times, denies entirely.",
    why="Elevations lift bases and overlays, never a guardrail: whoever asks in an emergency gets nothing.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: control}
spec: {appliesTo: everyone, mode: guardrail, tools: {deny: [gateway]}}
---
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: repair, tools: [gateway]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: control}
spec: {appliesTo: everyone, mode: guardrail, tools: {deny: [gateway]}}
---
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: repair, tools: [exec]}
""",
    check=_check,
)
