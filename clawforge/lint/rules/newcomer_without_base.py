"""People whom no file names get nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.group import Group

_MOST_SHOWN = 5


def _check(context: LintContext) -> Iterable[Finding]:
    if not context.bases or any(address.startswith(("Policy/", "*/")) for address in context.unusable):
        return
    bases = [base for base in context.bases if base.spec.schedule is None]
    if any(isinstance(base.spec.applies_to, str) for base in bases):
        return
    from clawforge.resolve.subject import Subject
    from clawforge.resolve.targets import TargetIndex

    membership = context.membership
    index = TargetIndex(bases, membership.user_name, "UTC")
    left_out = []
    for group in context.each(Group):
        facts = membership.facts(Subject(user="Somebody.New", groups=(group.metadata.name,)))
        candidates = index.candidates(facts)
        if not any(
            index.targets[item.target].selector.through(None, None, excepted=item.excepted) for item in candidates
        ):
            left_out.append(group)
    if left_out:
        names = ", ".join(group.metadata.name for group in left_out[:_MOST_SHOWN])
        more = f" and {len(left_out) - _MOST_SHOWN} more" if len(left_out) > _MOST_SHOWN else ""
        message = f"Somebody new in one of these groups alone is matched by no base policy: {names}{more}."
        hint = "Add a base policy for them, or one with `appliesTo: everyone`."
        yield Finding("newcomer-without-base", left_out[0].address, "/metadata/name", message, hint, Severity.NOTE)


RULE = Rule(
    id="newcomer-without-base",
    name="Whoever joins a group should have a base policy",
    severity=Severity.NOTE,
    what="Groups whose members no base policy without a schedule matches by themselves: people whom no file names, as "
    "the single sign-on or an enrolment brings them.",
    why="Without a base nothing is allowed. That is safe, but whoever waits for a policy should learn why.",
    bad="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: guests}
spec: {members: {claims: [guests]}}
---
apiVersion: clawforge/v1
kind: Group
metadata: {name: staff}
spec: {members: {claims: [staff]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: staff}
spec: {appliesTo: {groups: [staff]}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: staff}
spec: {members: {claims: [staff]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: staff}
spec: {appliesTo: {groups: [staff]}}
""",
    check=_check,
)
