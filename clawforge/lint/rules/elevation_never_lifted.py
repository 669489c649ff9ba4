"""A grant over tools that are never elevated."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.overlay.bounds import is_covered
from clawforge.resource.elevation_policy import ElevationPolicy


def _check(context: LintContext) -> Iterable[Finding]:
    names = context.catalogue
    policies = list(context.each(ElevationPolicy))
    for policy in policies:
        for other in policies:
            everybody = other.spec.applies_to == "everyone" and other.spec.schedule is None
            if other is not policy and not everybody:
                continue
            never = names.expand_all(other.spec.never_elevate)
            for at, grant in enumerate(policy.spec.grants):
                for index, pattern in enumerate(grant.tools):
                    if is_covered(pattern, never, names):
                        whose = "this policy" if other is policy else other.address
                        yield Finding(
                            "elevation-never-lifted",
                            policy.address,
                            f"/spec/grants/{at}/tools/{index}",
                            f"`{pattern}` is never elevated: `neverElevate` of {whose} names it.",
                            "Remove it here or there.",
                            related=() if other is policy else (other.address,),
                        )


RULE = Rule(
    id="elevation-never-lifted",
    name="A grant must not name what is never elevated",
    severity=Severity.ERROR,
    what="Tools of a grant that `neverElevate` of the same elevation policy covers entirely, or that of one for "
    "everyone at all times. Wider patterns that merely overlap with it are fine.",
    why="`neverElevate` wins, so whoever asks in an emergency gets nothing.",
    bad="""\
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: shell, tools: [exec]}
  neverElevate: ["group:runtime"]
""",
    good="""\
apiVersion: clawforge/v1
kind: ElevationPolicy
metadata: {name: on-call}
spec:
  appliesTo: everyone
  grants:
    - {name: shell, tools: [exec]}
  neverElevate: ["group:nodes"]
""",
    check=_check,
)
