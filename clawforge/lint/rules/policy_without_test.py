"""A policy that no test would notice breaking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from clawforge.diagnostic import Severity
from clawforge.errors import InputError
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy
from clawforge.resource.policy_test import CaseSubject, PolicyTest

if TYPE_CHECKING:
    from clawforge.resolve.targets import Target

_MOST_SHOWN = 5
# Candidates that may be looked at, over all subjects of all cases.
_MOST_CANDIDATES = 100_000


def _check(context: LintContext) -> Iterable[Finding]:
    subjects = {
        case.subject.model_dump_json(): case.subject for test in context.each(PolicyTest) for case in test.spec.cases
    }
    reached = _reached(context, list(subjects.values())) if subjects and context.bases else None
    if reached is None:
        return
    missed = [policy.address for policy in context.bases if policy.address not in reached]
    hint = "Add a case for a subject who gets this policy, and for a call that it decides."
    if len(missed) > _MOST_SHOWN:
        message = f"For {len(missed):,} base policies no PolicyTest has a case, this one among them."
        yield Finding("policy-without-test", missed[0], "/metadata/name", message, hint, Severity.NOTE, (missed[1],))
        return
    for address in missed:
        message = "No case of a PolicyTest has a subject who gets this base policy."
        yield Finding("policy-without-test", address, "/metadata/name", message, hint, Severity.NOTE)


def _reached(context: LintContext, subjects: list[CaseSubject]) -> set[str] | None:
    """The bases that some subject gets, and those that they extend; None if finding out would take too long."""
    from clawforge.resolve.combine import most_specific_bases
    from clawforge.resolve.subject import Subject
    from clawforge.resolve.targets import TargetIndex
    from clawforge.resource.policy_test import DEFAULT_MOMENT

    index = TargetIndex(context.bases, context.membership.user_name, context.timezone)
    if len(subjects) * sum(_for_anybody(policy) for policy in context.bases) > _MOST_CANDIDATES:
        return None
    reached: set[str] = set()
    looked_at = 0
    for who in subjects:
        facts = context.membership.facts(
            Subject(
                user=who.user,
                instance=who.instance,
                agent=who.agent,
                context=who.context,
                groups=who.groups,
                tags=dict(who.tags),
            )
        )
        if facts.suspended:
            continue
        at = who.at or DEFAULT_MOMENT
        candidates = index.candidates(facts)
        looked_at += len(candidates)
        if looked_at > _MOST_CANDIDATES:
            return None
        matching = [
            context.bases[item.target]
            for item in candidates
            if index.targets[item.target].selector.through(who.agent, who.context, excepted=item.excepted)
            and _holds_at(index.targets[item.target], at)
        ]
        reached.update(policy.address for policy in most_specific_bases(matching))
    return _with_parents(context, reached)


def _holds_at(target: Target, at: dt.datetime) -> bool:
    """A moment beyond what schedules cover reaches nothing; running the test says so."""
    try:
        return target.holds_at(at)
    except InputError:
        return False


def _for_anybody(policy: Policy) -> bool:
    """Whether the index offers the policy to every subject, whoever it is."""
    to = policy.spec.applies_to
    return isinstance(to, str) or not (to.users or to.groups or to.roles or to.instances or to.tags)


def _with_parents(context: LintContext, reached: set[str]) -> set[str]:
    parents = {policy.address: policy.spec.extends for policy in context.each(Policy)}
    waiting = list(reached)
    while waiting:
        for parent in parents.get(waiting.pop(), ()):
            if parent not in reached:
                reached.add(parent)
                waiting.append(parent)
    return reached


RULE = Rule(
    id="policy-without-test",
    name="Base policies should be tested",
    severity=Severity.NOTE,
    what="Enforced base policies that no subject of a PolicyTest gets, neither as its base nor through `extends`. "
    "Nothing is said in a project without any PolicyTest.",
    why="A change that opens such a policy passes every check.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: servers}
spec: {appliesTo: {tags: {role: [server]}}, exec: {mode: deny}}
---
apiVersion: clawforge/v1
kind: PolicyTest
metadata: {name: basics}
spec:
  cases:
  - {name: anybody reads, subject: {user: alice}, call: {tool: read}, expect: {effect: allow}}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone}
---
apiVersion: clawforge/v1
kind: PolicyTest
metadata: {name: basics}
spec:
  cases:
  - {name: anybody reads, subject: {user: alice}, call: {tool: read}, expect: {effect: allow}}
""",
    check=_check,
)
