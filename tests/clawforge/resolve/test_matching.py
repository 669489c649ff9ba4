"""Whom resources are for: the index against a naive reading of SPEC.md 2."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from strategies import MOMENTS, SUBJECTS, orgs, resource

from clawforge.errors import InputError
from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.org import OrgModel
from clawforge.resolve.selector import Specificity, specificity
from clawforge.resolve.subject import Subject
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.group import Group
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.schedule import is_open
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.targeting import Match, Selector
from clawforge.resource.user import User, UserState
from clawforge.resource.version_target import VersionTarget

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class Naive:
    """Reads every resource for every question, as the specification says it."""

    def __init__(self, resources: list[Resource]) -> None:
        self.resources = sorted(resources, key=lambda one: one.address)

    def name(self, user: str) -> str:
        users = [one for one in self.resources if isinstance(one, User)]
        return next((one.metadata.name for one in users if user == one.spec.email), user)

    def groups(self, subject: Subject) -> set[str]:
        found = set(subject.groups)
        for one in self.resources:
            if isinstance(one, Group):
                members = one.spec.members
                if (
                    self.name(subject.user) in members.users
                    or subject.instance in members.instances
                    or set(subject.claims) & set(members.claims)
                    or (members.tags and all(subject.tags.get(tag) in v for tag, v in members.tags.items()))
                ):
                    found.add(one.metadata.name)
        return found

    def roles(self, subject: Subject) -> set[str]:
        bindings = [one for one in self.resources if isinstance(one, RoleBinding)]
        return {
            one.spec.role
            for one in bindings
            if self.name(subject.user) in one.spec.subjects.users
            or self.groups(subject) & set(one.spec.subjects.groups)
        }

    def holds(self, match: Match, subject: Subject) -> bool:
        return (
            (not match.users or self.name(subject.user) in match.users)
            and (not match.groups or bool(self.groups(subject) & set(match.groups)))
            and (not match.roles or bool(self.roles(subject) & set(match.roles)))
            and (not match.instances or subject.instance in match.instances)
            and all(subject.tags.get(tag) in values for tag, values in match.tags.items())
            and (not match.contexts or subject.context in match.contexts)
            and (not match.agents or subject.agent in match.agents)
        )

    def suspended(self, subject: Subject) -> bool:
        users = [one for one in self.resources if isinstance(one, User)]
        name = self.name(subject.user)
        return any(one.metadata.name == name and one.spec.state is UserState.SUSPENDED for one in users)

    def matches(self, one: Resource, subject: Subject, at: dt.datetime) -> bool:
        if not isinstance(one, Policy | DlpRuleSet | SkillApproval | VersionTarget):
            return False
        target = one.spec.applies_to
        if isinstance(target, Selector):
            excepted = target.except_ is not None and self.holds(target.except_, subject)
            if excepted or not self.holds(target, subject):
                return False
        if isinstance(one, Policy) and one.spec.mode is PolicyMode.BASE and self.suspended(subject):
            return False
        return one.spec.schedule is None or is_open(one.spec.schedule, at)


@given(orgs(), SUBJECTS, MOMENTS)
@settings(max_examples=150, deadline=None)
def test_the_index_finds_what_a_naive_reading_finds(
    resources: list[Resource], subject: Subject, at: dt.datetime
) -> None:
    dated = [
        r
        for r in resources
        if not (isinstance(r, SkillApproval) and r.spec.review_by and r.spec.status is SkillStatus.APPROVED)
    ]
    org, naive = OrgModel(dated), Naive(dated)
    expected = tuple(one.address for one in naive.resources if naive.matches(one, subject, at))
    assert org.matching(org.facts(subject), at) == expected
    assert org.resolve(subject, at).matched == expected


def facts(resources: list[Resource], **subject: Any) -> SubjectFacts:
    return OrgModel(resources).facts(Subject(**subject))


def test_a_user_may_be_given_by_email_in_any_case() -> None:
    ann = resource("User", "ann", {"email": "Ann@Acme.example"})
    for spelling in ("ann", "ann@acme.example", "ANN@ACME.example"):
        found = facts([ann], user=spelling)
        assert (found.user, found.declared) == ("ann", True)


def test_a_selector_may_name_an_undeclared_user_by_email() -> None:
    policy = resource("Policy", "p", {"appliesTo": {"users": ["Guest@Partner.example"]}})
    org = OrgModel([policy])
    assert org.matching(org.facts(Subject(user="guest@partner.EXAMPLE")), NOW) == ("Policy/p",)


def test_a_declared_user_is_known_by_both_names_in_selectors_groups_and_bindings() -> None:
    resources = [
        resource("User", "ann", {"email": "ann@acme.example"}),
        resource("Group", "eng", {"members": {"users": ["ann@acme.example"]}}),
        resource("RoleBinding", "b", {"role": "auditor", "subjects": {"users": ["ann@acme.example"]}}),
        resource("Policy", "p", {"appliesTo": {"users": ["ann@acme.example"]}}),
    ]
    org = OrgModel(resources)
    found = org.facts(Subject(user="ann"))
    assert found.groups == {"eng"}
    assert found.roles == {"auditor"}
    assert org.matching(found, NOW) == ("Policy/p",)


def test_groups_come_from_lists_tags_claims_and_enrolment_and_carry_roles() -> None:
    members = {"instances": ["i-1"], "tags": {"env": ["prod"], "site": ["berlin"]}, "claims": ["g-77"]}
    resources = [
        resource("Group", "ops", {"members": members}),
        resource("RoleBinding", "b", {"role": "reviewer", "subjects": {"groups": ["ops", "given"]}}),
    ]
    assert facts(resources, user="u").groups == frozenset()
    assert facts(resources, user="u", instance="i-1").groups == {"ops"}
    assert facts(resources, user="u", claims=("g-77",)).groups == {"ops"}
    assert facts(resources, user="u", tags={"env": "prod"}).groups == frozenset()
    assert facts(resources, user="u", tags={"env": "prod", "site": "berlin"}).groups == {"ops"}
    given_group = facts(resources, user="u", groups=("given",))
    assert (given_group.groups, given_group.roles) == ({"given"}, {"reviewer"})


@pytest.mark.parametrize(
    ("applies_to", "expected"),
    [
        ("everyone", (0, 0)),
        ({"contexts": ["work"]}, (1, 1)),
        ({"roles": ["auditor"]}, (2, 1)),
        ({"groups": ["eng"]}, (3, 1)),
        ({"tags": {"env": ["prod"]}}, (4, 1)),
        ({"users": ["ann"]}, (5, 1)),
        ({"agents": ["main"]}, (6, 1)),
        ({"instances": ["i-1"]}, (7, 1)),
        ({"groups": ["eng"], "contexts": ["work"], "except": {"users": ["ann"]}}, (3, 2)),
        ({"tags": {"env": ["prod"], "site": ["berlin"]}}, (4, 2)),
    ],
)
def test_specificity_is_that_of_the_most_specific_key(applies_to: Any, expected: tuple[int, int]) -> None:
    policy = resource("Policy", "p", {"appliesTo": applies_to})
    assert specificity(policy.spec.applies_to) == Specificity(*expected)


def test_an_approval_counts_through_its_review_date_in_the_zone_of_the_org() -> None:
    """The end of 20 November in Berlin is 23:00 UTC."""
    approval = {"appliesTo": "everyone", "key": "pdf-tools", "status": "approved", "reviewBy": "2026-11-20"}
    berlin = resource("Organization", "acme", {"timezone": "Europe/Berlin"})
    org = OrgModel([berlin, resource("SkillApproval", "pdf", approval)])
    subject = Subject(user="u")
    last = dt.datetime(2026, 11, 20, 22, 59, 59, tzinfo=dt.UTC)
    assert len(org.resolve(subject, last).effective.skills.approved) == 1
    assert not org.resolve(subject, last + dt.timedelta(seconds=1)).effective.skills.approved


def test_a_revocation_never_lapses() -> None:
    revoked = {"appliesTo": "everyone", "key": "pdf-tools", "status": "revoked", "reviewBy": "2020-01-01"}
    org = OrgModel([resource("SkillApproval", "pdf", revoked)])
    assert len(org.resolve(Subject(user="u"), NOW).effective.skills.revoked) == 1


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(InputError, match="no time zone"):
        OrgModel([]).resolve(Subject(user="u"), dt.datetime(2026, 1, 1))
