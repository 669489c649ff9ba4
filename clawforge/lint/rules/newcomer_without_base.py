"""People and machines that no file names join a group, and get nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import TYPE_CHECKING

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.enrollment import Enrollment
from clawforge.resource.group import Group, GroupMembers

if TYPE_CHECKING:
    from clawforge.resolve.membership import SubjectFacts
    from clawforge.resolve.subject import Subject
    from clawforge.resolve.targets import TargetIndex

_NEWCOMER = "Somebody.New"
"""No declared user can have this name."""

_MOST_WAYS = 64


def _check(context: LintContext) -> Iterable[Finding]:
    if not context.bases or not context.is_whole:
        return
    bases = [base for base in context.bases if base.spec.schedule is None]
    if any(isinstance(base.spec.applies_to, str) for base in bases):
        return
    from clawforge.resolve.targets import TargetIndex

    membership = context.membership
    index = TargetIndex(bases, membership.user_name, "UTC")
    enrollments = tuple(context.each(Enrollment))
    for group in context.each(Group):
        ways = islice(_newcomers(group, enrollments), _MOST_WAYS)
        if all(_can_start(index, membership.facts(subject)) for subject in ways):
            continue
        yield Finding(
            "newcomer-without-base",
            group.address,
            "/metadata/name",
            f"No base policy without a schedule matches whoever joins `{group.metadata.name}` and nothing else, so "
            "they may do nothing.",
            "Add a base policy for the group, or one with `appliesTo: everyone`.",
            Severity.NOTE,
        )


def _newcomers(group: Group, enrollments: Iterable[Enrollment]) -> Iterator[Subject]:
    """Somebody for each way into the group that is open to people and machines which no file names."""
    from clawforge.resolve.subject import Subject

    name, members = group.metadata.name, group.spec.members
    for claim in members.claims:
        yield Subject(user=_NEWCOMER, claims=(claim,))
    tags = sorted(members.tags)
    for values in product(*(members.tags[tag] for tag in tags)) if tags else ():
        yield Subject(user=_NEWCOMER, tags=dict(zip(tags, values, strict=True)))
    opening = [item.spec for item in enrollments if name in item.spec.groups and not item.spec.users]
    for spec in opening:
        for theirs in spec.members or (None,):
            joined = spec.groups if theirs is None else (*spec.groups, theirs)
            yield Subject(user=_NEWCOMER, groups=joined, tags=spec.tags)
    if members == GroupMembers() and not opening:
        yield Subject(user=_NEWCOMER, groups=(name,))


def _can_start(index: TargetIndex, facts: SubjectFacts) -> bool:
    """Whether a base matches, through some agent and in some context."""
    for item in index.candidates(facts):
        selector = index.targets[item.target].selector
        named = [part for part in (selector.conditions, selector.exception) if part is not None]
        agents = {None, *(agent for part in named for agent in part.agents or ())}
        contexts = {None, *(context for part in named for context in part.contexts or ())}
        if any(selector.through(*through, excepted=item.excepted) for through in product(agents, contexts)):
            return True
    return False


RULE = Rule(
    id="newcomer-without-base",
    name="Whoever joins a group should have a base policy",
    severity=Severity.NOTE,
    what="Groups into which a claim of the single sign-on, a tag or an enrolment brings people and machines that no "
    "file names, without a base policy that matches them then and has no schedule. Groups whose members are all listed "
    "by name are left out: `no-base` speaks of those.",
    why="Without a base nothing is allowed. That is safe, but seldom meant, and tests are about people who are known: "
    "nobody sees it before the first newcomer sits in front of an assistant that refuses everything.",
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
