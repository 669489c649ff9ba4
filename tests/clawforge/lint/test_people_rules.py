"""Rules about people and tests, against the resolver; the rest of each rule is in its fixtures."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import AGENTS, CONTEXTS, GROUPS, SUBJECTS, USERS, orgs, resource

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.registry import RULES
from clawforge.lint.rights import widening
from clawforge.lint.rules.email_domain_mixed import _one_edit
from clawforge.policy_tests import DEFAULT_MOMENT
from clawforge.resolve.membership import Membership
from clawforge.resolve.org import OrgModel
from clawforge.resolve.selector import compile_selector
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.role import BUILT_IN_ROLES
from clawforge.resource.targeting import Enforcement, Targeted

BY_ID = {rule.id: rule for rule in RULES}


def found(rule: str, *resources: Resource, now: dt.datetime | None = None) -> list[Finding]:
    return list(BY_ID[rule].check(LintContext.of(resources, now=now)))


def suspending(drawn: tuple[list[Resource], set[str]]) -> list[Resource]:
    resources, gone = drawn
    return [
        resource("User", item.metadata.name, {"email": item.spec.email, "state": "suspended"})
        if item.kind == "User" and item.metadata.name in gone
        else item
        for item in resources
    ]


ORGS = st.tuples(orgs(), st.sets(st.sampled_from(USERS))).map(suspending)


@settings(max_examples=150, deadline=None)
@given(ORGS, st.lists(SUBJECTS, min_size=1, max_size=20))
def test_nobody_matches_a_selector_that_is_said_to_match_nobody(
    resources: list[Resource], subjects: list[Subject]
) -> None:
    membership = Membership(resources)
    warned = {item.address for item in found("selector-matches-nobody", *resources) if item.severity != Severity.NOTE}
    for item in resources:
        if item.address not in warned:
            continue
        assert isinstance(item.spec, Targeted)
        selector = compile_selector(item.spec.applies_to, membership.user_name)
        for subject in subjects:
            facts = membership.facts(subject)
            if facts.suspended:
                continue
            possible, excepted = selector.possible(facts)
            for agent, context in product((None, *AGENTS), (None, *CONTEXTS)):
                assert not (possible and selector.through(agent, context, excepted=excepted))


def cases_of(subjects: list[Subject]) -> Resource:
    cases = [
        {
            "name": f"case {number}",
            "subject": {
                "user": subject.user,
                "groups": list(subject.groups),
                "tags": subject.tags,
                **{
                    key: value
                    for key in ("instance", "agent", "context")
                    if (value := getattr(subject, key)) is not None
                },
            },
            "call": {"tool": "read"},
            "expect": {"effect": "allow"},
        }
        for number, subject in enumerate(subjects)
    ]
    return resource("PolicyTest", "all", {"cases": cases})


@settings(max_examples=100, deadline=None)
@given(ORGS, st.lists(SUBJECTS, min_size=1, max_size=6))
def test_untested_bases_are_those_that_no_subject_resolves_to(
    resources: list[Resource], subjects: list[Subject]
) -> None:
    subjects = [subject.model_copy(update={"claims": ()}) for subject in subjects]
    items = found("policy-without-test", *resources, cases_of(subjects))
    model = OrgModel(resources)
    policies = {item.address: item for item in resources if isinstance(item, Policy)}
    reached = {model.resolve(subject, DEFAULT_MOMENT).base for subject in subjects} - {None}
    extended: set[str] = {str(address) for address in reached}
    for _ in policies:
        extended |= {parent for address in extended for parent in policies[address].spec.extends}
    bases = {
        address
        for address, item in policies.items()
        if item.spec.mode is PolicyMode.BASE and item.spec.enforcement is Enforcement.ENFORCE
    }
    # Of bases that tie, the resolution names one, and all of them count as reached.
    assert {item.address for item in items} <= bases - extended
    assert not items or all(item.severity is Severity.NOTE for item in items)


@pytest.mark.parametrize(
    ("permissions", "index"),
    [
        (["*:*"], 0),
        (["audit:read", "*:*"], 1),
        (["plans:*"], 0),
        (["plans:create", "plans:apply"], 1),
        (["plans:create", "*:apply"], 1),
        (["plans:create"], None),
        (["plans:apply", "plans:read", "tokens:create"], None),
        (["state:write"], 0),
        (["state:*"], 0),
        (["state:read", "roles:read"], None),
        (["audit:read", "rolebindings:create"], 1),
        (["rbac:escalate"], 0),
        (["instances:*", "overlays:*"], None),
    ],
)
def test_rights_that_widen_themselves(permissions: list[str], index: int | None) -> None:
    assert widening(permissions) == index


def test_of_the_built_in_roles_two_administer() -> None:
    assert {name for name, held in BUILT_IN_ROLES.items() if widening(held) is not None} == {"owner", "admin"}


LETTERS = "ab."


def edits(word: str) -> set[str]:
    """Every word one edit away, written down one by one."""
    cuts = range(len(word) + 1)
    left_out = {word[:at] + word[at + 1 :] for at in cuts}
    swapped = {word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :] for at in cuts}
    replaced = {word[:at] + letter + word[at + 1 :] for at in cuts for letter in LETTERS if at < len(word)}
    put_in = {word[:at] + letter + word[at:] for at in cuts for letter in LETTERS}
    return (left_out | swapped | replaced | put_in) - {word}


@given(st.text(LETTERS, max_size=6), st.text(LETTERS, max_size=6))
def test_one_edit(left: str, right: str) -> None:
    assert _one_edit(left, right) == (right in edits(left))


@given(st.text(LETTERS, max_size=6))
def test_one_edit_finds_every_edit(word: str) -> None:
    assert all(_one_edit(word, other) and _one_edit(other, word) for other in edits(word))


NEEDING_NOW = ("service-account-expired", "skill-review-overdue", "version-deadline-past")


@pytest.mark.parametrize("rule", NEEDING_NOW)
def test_rules_about_the_present_say_nothing_without_a_clock(rule: str) -> None:
    account = resource("ServiceAccount", "ci", {"expires": "2001-01-01T00:00:00Z"})
    target: dict[str, Any] = {"appliesTo": "everyone", "components": {"host": {"range": "1"}}, "enforcement": "block"}
    old = resource("VersionTarget", "v", {**target, "deadline": "2001-01-01T00:00:00Z"})
    skill = {"appliesTo": "everyone", "key": "k", "status": "approved", "reviewBy": "2001-01-01"}
    resources = (account, old, resource("SkillApproval", "s", skill))
    assert found(rule, *resources) == []
    assert len(found(rule, *resources, now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))) == 1


def test_groups_that_people_bring_by_claim_may_hold_administrators() -> None:
    binding = resource("RoleBinding", "admins", {"role": "admin", "subjects": {"groups": [GROUPS[0]]}})
    assert found("last-owner-removed", binding, resource("Group", GROUPS[0], {"members": {"claims": ["c"]}})) == []
    assert len(found("last-owner-removed", binding, resource("Group", GROUPS[0], {}))) == 1


def test_a_declared_role_of_an_administrator_s_reach_counts_as_one() -> None:
    role = resource("Role", "chief", {"permissions": ["*:*"]})
    alice = resource("User", "alice", {"email": "alice@acme.example"})
    binding = resource("RoleBinding", "chiefs", {"role": "chief", "subjects": {"users": ["alice"]}})
    assert found("last-owner-removed", role, alice, binding) == []


def test_many_untested_policies_are_one_note() -> None:
    policies = [resource("Policy", f"p{n}", {"appliesTo": {"tags": {"n": [str(n)]}}}) for n in range(20)]
    (item,) = found("policy-without-test", *policies, cases_of([Subject(user="alice")]))
    assert "20 base policies" in item.message
