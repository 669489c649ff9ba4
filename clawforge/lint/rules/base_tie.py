"""Of the base policies that match a subject, one must come first."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule


def _check(context: LintContext) -> Iterable[Finding]:
    if len(context.bases) < 2:
        return
    from clawforge.lint.base_overlap import TieSearch, TooManyComparisonsError

    hint = "Give one of them a higher `priority`, narrow its `appliesTo`, or make it an overlay."
    try:
        for tie in TieSearch(context).run():
            first, second = tie.first.address, tie.second.address
            message = (
                f"{second} ties with {first}: both are base policies for {tie.whom}, equally specific and of "
                f"priority {tie.second.spec.priority}."
            )
            yield Finding("base-tie", second, "/spec/appliesTo", message, hint, related=(first,))
    except TooManyComparisonsError:
        address = context.bases[0].address
        message = "The base policies share so many values that not all of them were compared for ties."
        hint = "Give base policies that name the same subjects different priorities."
        yield Finding("base-tie", address, "/spec/appliesTo", message, hint, Severity.WARNING)


RULE = Rule(
    id="base-tie",
    name="Base policies must not tie",
    severity=Severity.ERROR,
    what="Two enforced base policies of the same specificity and priority that one subject matches at one time: a "
    "declared user, or a subject that both selectors name by the same value.",
    why="Exactly one base gives the starting value. Where two tie, agents get the intersection, which neither author "
    "wrote.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, exec: {mode: ask}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: general}
spec: {appliesTo: everyone, exec: {mode: deny}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, exec: {mode: ask}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: general}
spec: {appliesTo: everyone, priority: 200, exec: {mode: deny}}
""",
    check=_check,
)
