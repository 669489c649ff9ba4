"""Whom no base policy matches may do nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.user import User, UserState

_MOST_SHOWN = 5


def _check(context: LintContext) -> Iterable[Finding]:
    left_out = _left_out(context)
    if not left_out:
        return
    hint = "Add a base policy that matches, such as one with `appliesTo: everyone`, without a schedule."
    if len(left_out) <= _MOST_SHOWN:
        for name in left_out:
            message = f"No base policy matches `{name}`, whose agents therefore may do nothing."
            yield Finding("no-base", f"User/{name}", "", message, hint, Severity.WARNING)
        return
    names = ", ".join(left_out[:_MOST_SHOWN])
    message = (
        f"No base policy matches {len(left_out):,} users, whose agents therefore may do nothing: {names} and "
        f"{len(left_out) - _MOST_SHOWN:,} more."
    )
    yield Finding("no-base", f"User/{left_out[0]}", "", message, hint, Severity.WARNING)


def _left_out(context: LintContext) -> list[str]:
    """Active users whom, on any instance, through any agent and at any time, no base need match."""
    if any(address.startswith(("Policy/", "*/")) for address in context.unusable):
        return []  # One that cannot be read may be the base.
    bases = [base for base in context.bases if base.spec.schedule is None]
    if any(isinstance(base.spec.applies_to, str) for base in bases):
        return []
    from clawforge.resolve.subject import Subject
    from clawforge.resolve.targets import TargetIndex

    membership = context.membership
    index = TargetIndex(bases, membership.user_name, "UTC")
    left_out: list[str] = []
    for user in context.each(User):
        if user.spec.state is not UserState.ACTIVE:
            continue
        candidates = index.candidates(membership.facts(Subject(user=user.metadata.name)))
        if not any(
            index.targets[item.target].selector.through(None, None, excepted=item.excepted) for item in candidates
        ):
            left_out.append(user.metadata.name)
    return left_out


RULE = Rule(
    id="no-base",
    name="Everybody should have a base policy",
    severity=Severity.WARNING,
    what="Active users whom no base policy without a schedule matches by themselves, that is without a certain "
    "instance, agent, context or tag.",
    why="Without a base nothing is allowed. That is safe, but seldom meant.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: servers}
spec: {appliesTo: {tags: {role: [server]}}}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone}
""",
    check=_check,
)
