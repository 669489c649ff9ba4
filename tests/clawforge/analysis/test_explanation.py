"""An explanation ends where the resolver ends, field by field, and gives a true reason for everything that matched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from strategies import MOMENTS, SUBJECTS, orgs, policies, resource

from clawforge.analysis.derivation import PartDerivation
from clawforge.analysis.explanation import Explanation, explain
from clawforge.analysis.matching import Miss
from clawforge.effective import Rules, Source
from clawforge.errors import InputError
from clawforge.position import ResourcePosition
from clawforge.resolve import meet
from clawforge.resolve.combine import Combiner, Gathered, decided_fields
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.merge import MergeRule
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy

EXAMPLES = settings(max_examples=100, deadline=None)
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def explained(resources: list[Resource], subject: Subject, at: dt.datetime = NOW) -> Explanation:
    return explain(OrgModel(resources), resources, subject, at, {}, misses=True)


def policy(name: str, **spec: Any) -> Resource:
    return resource("Policy", name, {"appliesTo": "everyone", **spec})


def part(explanation: Explanation, name: str) -> PartDerivation:
    return next(item for item in explanation.parts if item.part == name)


def written(rules: Rules, path: str) -> Any:
    value = rules.model_dump(mode="json", by_alias=True)
    for name in path.split("."):
        value = value[name]
    return value


def assert_ends_where_the_resolver_ends(resources: list[Resource], subject: Subject, at: dt.datetime) -> None:
    resolution = OrgModel(resources).resolve(subject, at)
    explanation = explained(resources, subject, at)
    effective = resolution.effective
    assert (explanation.digest, explanation.matched) == (resolution.digest, resolution.matched)
    shadow = [effective.shadow or effective.enforced] if len(explanation.parts) == 3 else []
    for derivation, rules in zip(explanation.parts, [effective.enforced, *shadow, effective.floor], strict=True):
        assert [field.path for field in derivation.fields] == [field.path for field in decided_fields()]
        for field in derivation.fields:
            assert field.value == written(rules, field.path), (derivation.part, field.path)
            assert not field.steps or field.steps[-1].value == field.value
            decided = resolution.provenance.get(f"{derivation.part}:{field.path}", ())
            if derivation.part != "shadow" or effective.shadow is not None:
                assert {(place.resource, place.pointer) for place in decided} == {
                    (place.resource, place.pointer) for place in field.places
                }


@given(orgs(), SUBJECTS, MOMENTS)
@EXAMPLES
def test_every_field_ends_where_the_resolver_ends(resources: list[Resource], subject: Subject, at: dt.datetime) -> None:
    assert_ends_where_the_resolver_ends(resources, subject, at)


@given(policies(count=8, scheduled=False), SUBJECTS)
@EXAMPLES
def test_also_where_many_policies_meet(resources: list[Resource], subject: Subject) -> None:
    """For everybody, so that nearly every draw is a tie of bases under overlays and guardrails."""
    everyone = [
        item.model_copy(update={"spec": item.spec.model_copy(update={"applies_to": "everyone"})})
        for item in resources
        if isinstance(item, Policy)
    ]
    assert_ends_where_the_resolver_ends(list(everyone), subject, NOW)


@given(orgs(), SUBJECTS, MOMENTS)
@EXAMPLES
def test_steps_only_narrow_and_each_starts_where_the_last_one_ended(
    resources: list[Resource], subject: Subject, at: dt.datetime
) -> None:
    for derivation in explained(resources, subject, at).parts:
        for field in derivation.fields:
            value = written(Rules(), field.path)
            for step in field.steps:
                assert step.changed == (step.value != value)
                value = step.value
            order = [("default", "base", "overlay", "guardrail").index(step.standing) for step in field.steps]
            assert order == sorted(order)


@given(orgs(), SUBJECTS, MOMENTS)
@EXAMPLES
def test_every_target_is_a_hit_or_a_miss_and_the_reason_is_true(
    resources: list[Resource], subject: Subject, at: dt.datetime
) -> None:
    org = OrgModel(resources)
    facts = org.facts(subject)
    explanation = explained(resources, subject, at)
    assert explanation.misses is not None
    assert tuple(hit.address for hit in explanation.hits) == org.matching(facts, at)
    targets = {target.address: target for target in org.index.targets}
    assert {item.address for item in (*explanation.hits, *explanation.misses)} == set(targets)
    for hit in explanation.hits:
        assert all(key.values or key.key == "everyone" for key in hit.keys)
        assert all(key.places for key in hit.keys)
    for miss in explanation.misses:
        conditions, exception = targets[miss.address].selector.conditions, targets[miss.address].selector.exception
        selected = conditions is None or conditions.holds(facts)
        excepted = exception is not None and exception.holds(facts)
        holds = targets[miss.address].holds_at(at)
        assert {
            "not-selected": not selected,
            "excepted": selected and excepted,
            "suspended": selected and not excepted and facts.suspended and miss.mode == "base",
            "outside-schedule": selected and not excepted and not holds,
            "review-overdue": selected and not excepted and not holds,
        }[miss.code], miss


@given(orgs(), SUBJECTS)
@EXAMPLES
def test_groups_and_roles_are_those_of_the_resolver_each_with_its_place(
    resources: list[Resource], subject: Subject
) -> None:
    facts = OrgModel(resources).facts(subject)
    standing = explained(resources, subject).standing
    assert {item.name for item in standing.groups} == facts.groups
    assert {item.name for item in standing.roles} == facts.roles
    for item in (*standing.groups, *standing.roles):
        assert (item.places == ()) == (item.key == "enrolment")
    assert (standing.user, standing.declared, standing.suspended) == (facts.user, facts.declared, facts.suspended)


@given(orgs(), SUBJECTS, MOMENTS)
@settings(max_examples=40, deadline=None)
def test_it_survives_the_way_over_the_wire(resources: list[Resource], subject: Subject, at: dt.datetime) -> None:
    explanation = explained(resources, subject, at)
    assert Explanation.model_validate_json(explanation.model_dump_json(by_alias=True)) == explanation


def test_a_base_wins_by_its_key_then_by_keys_then_by_priority() -> None:
    resources = [
        policy("all"),
        policy("team", appliesTo={"groups": ["eng"]}),
        policy("site", appliesTo={"groups": ["eng"], "contexts": ["work"]}),
        policy("first", appliesTo={"groups": ["eng"], "contexts": ["work"]}, priority=200),
    ]
    contenders = part(explained(resources, Subject(user="a", groups=("eng",), context="work")), "enforced").contenders
    assert [(item.address, item.won, item.verdict) for item in contenders] == [
        ("Policy/first", True, "equally specific, and its priority 200 is higher than 100 of Policy/site"),
        ("Policy/site", False, "equally specific, and its priority 100 is lower than 200 of Policy/first"),
        ("Policy/team", False, "has fewer keys (1) than Policy/first (2)"),
        ("Policy/all", False, "`everyone` is less specific than `groups` of Policy/first"),
    ]


def test_a_tie_and_a_base_without_rival_are_named() -> None:
    tie = part(explained([policy("one"), policy("two")], Subject(user="a")), "enforced")
    assert tie.bases == ("Policy/one", "Policy/two")
    assert {item.verdict for item in tie.contenders} == {
        "as specific and of the same priority as another: only what all of them allow is allowed"
    }
    alone = part(explained([policy("one")], Subject(user="a")), "enforced")
    assert [item.verdict for item in alone.contenders] == ["the only base that matches"]


def test_the_steps_of_a_list_from_the_base_to_the_guardrail() -> None:
    resources = [
        policy("base", tools={"deny": ["exec"]}),
        policy("night", mode="overlay", tools={"deny": ["web_fetch"]}),
        policy("never", mode="guardrail", tools={"deny": ["exec", "read"]}),
    ]
    fields = {field.path: field for field in part(explained(resources, Subject(user="a")), "enforced").fields}
    denied = fields["tools.deny"]
    assert denied.rule == "union"
    assert [(step.speaker, step.standing, step.said, step.value, step.changed) for step in denied.steps] == [
        ("Policy/base", "base", ["exec"], ["exec"], True),
        ("Policy/night", "overlay", ["web_fetch"], ["exec", "web_fetch"], True),
        ("Policy/never", "guardrail", ["exec", "read"], ["exec", "read", "web_fetch"], True),
    ]
    assert fields["tools.ask"].steps[0].standing == "default"


def test_what_nobody_says_has_no_steps_and_the_default() -> None:
    fields = {field.path: field for field in part(explained([policy("base")], Subject(user="a")), "enforced").fields}
    assert (fields["tools.allow"].steps, fields["tools.allow"].value) == ((), None)
    assert (fields["offline.lease"].value, fields["offline.lease"].steps[0].speaker) == ("5m", "")


def test_without_a_base_nothing_is_allowed_and_nobody_says_so() -> None:
    explanation = explained([policy("g", mode="guardrail", tools={"deny": ["exec"]})], Subject(user="a"))
    allowed = next(field for field in part(explanation, "enforced").fields if field.path == "tools.allow")
    assert [(step.speaker, step.standing, step.value) for step in allowed.steps] == [("", "base", [])]
    assert part(explanation, "enforced").contenders == ()


def test_a_mode_without_a_list_speaks_for_the_list() -> None:
    resources = [policy("base"), policy("night", mode="overlay", exec={"mode": "allowlist"})]
    field = next(
        item for item in part(explained(resources, Subject(user="a")), "enforced").fields if item.path == "exec.allow"
    )
    (step,) = field.steps
    assert (step.speaker, step.said, step.value) == ("Policy/night", None, [[]])
    assert [place.pointer for place in step.places] == ["/spec/exec/mode"]


def test_the_organization_speaks_where_the_base_is_silent() -> None:
    resources = [policy("base"), resource("Organization", "acme", {"offline": {"lease": "2m"}})]
    field = next(
        item
        for item in part(explained(resources, Subject(user="a")), "enforced").fields
        if item.path == "offline.lease"
    )
    assert [(step.speaker, step.standing, step.value) for step in field.steps] == [
        ("Organization/acme", "default", "2m")
    ]


def test_places_stand_in_the_files() -> None:
    resources = [
        resource("User", "ada", {"email": "ada@acme.example"}),
        resource("Group", "eng", {"members": {"users": ["ada@acme.example", "bob"]}}),
        resource("RoleBinding", "ops", {"role": "viewer", "subjects": {"groups": ["eng"]}}),
        policy("base", appliesTo={"users": ["ada@acme.example"]}, tools={"deny": ["exec"]}),
    ]
    fields = {"/spec/members/users/0": 7, "/spec/appliesTo/users/0": 9, "/spec/tools/deny": 11}
    positions = {item.address: ResourcePosition(file=f"{item.kind}.yaml", line=1, fields=fields) for item in resources}
    explanation = explain(OrgModel(resources), resources, Subject(user="ada@acme.example"), NOW, positions)
    (group,), (role,) = explanation.standing.groups, explanation.standing.roles
    assert explanation.standing.source == Source(resource="User/ada", file="User.yaml", line=1)
    assert [(place.file, place.line) for place in group.places] == [("Group.yaml", 7)]
    assert (role.key, role.value, role.places[0].pointer) == ("groups", "eng", "/spec/subjects/groups/0")
    (key,) = explanation.hits[0].keys
    assert (key.values, key.places[0].line) == (("ada",), 9)
    denied = next(item for item in part(explanation, "enforced").fields if item.path == "tools.deny")
    assert [(place.file, place.line) for place in denied.steps[0].places] == [("Policy.yaml", 11)]
    assert explanation.misses is None


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"appliesTo": {"groups": ["b", "a"]}}, "not-selected", "asks for groups a, b"),
        (
            {"appliesTo": {"users": [f"u{n}" for n in range(8)]}},
            "not-selected",
            "asks for users u0, u1, u2, u3, u4 or 3 more",
        ),
        ({"appliesTo": {"users": ["ada"], "tags": {"env": ["prod"]}}}, "not-selected", "asks for tags.env prod"),
        ({"appliesTo": {"users": ["ada"], "contexts": ["work"]}}, "not-selected", "asks for contexts work"),
        (
            {"appliesTo": {"users": ["ada"], "except": {"groups": ["eng", "ops"], "agents": ["main"]}}},
            "excepted",
            "excepts groups eng with agents main",
        ),
        (
            {"appliesTo": "everyone", "schedule": {"windows": [{"until": "2026-01-01T00:00:00Z"}]}},
            "outside-schedule",
            "its schedule is shut at that moment",
        ),
    ],
)
def test_why_a_policy_does_not_match(spec: dict[str, Any], code: str, message: str) -> None:
    found = explained([resource("Policy", "p", spec)], Subject(user="ada", groups=("eng",), agent="main")).misses
    assert found == (
        Miss.model_validate(
            {
                "address": "Policy/p",
                "mode": "base",
                "code": code,
                "message": message,
                "source": Source(resource="Policy/p"),
            }
        ),
    )


def test_a_suspended_user_matches_no_base_and_an_old_approval_does_not_count() -> None:
    approval = {"appliesTo": "everyone", "key": "pdf", "status": "approved", "reviewBy": "2026-01-01"}
    resources = [
        resource("User", "ada", {"email": "ada@acme.example", "state": "suspended"}),
        policy("base"),
        resource("SkillApproval", "pdf", approval),
    ]
    explanation = explained(resources, Subject(user="ada"))
    assert explanation.misses is not None
    assert [(miss.address, miss.code, miss.message) for miss in explanation.misses] == [
        ("Policy/base", "suspended", "a suspended user matches no base"),
        ("SkillApproval/pdf", "review-overdue", "its review was due by 2026-01-01"),
    ]


def test_a_moment_needs_a_zone() -> None:
    with pytest.raises(InputError):
        explained([], Subject(user="a"), NOW.replace(tzinfo=None))


def test_whatever_the_resolver_does_the_explanation_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one implementation: a resolver that is broken on purpose is explained as it is."""
    resources = [policy("base", tools={"deny": ["exec"]}), policy("g", mode="guardrail", tools={"deny": ["read"]})]
    honest = OrgModel(resources).resolve(Subject(user="a"), NOW)
    gather = Combiner.gather

    def deaf(combiner: Combiner, chosen: Sequence[Policy]) -> Gathered:
        gathered = gather(combiner, chosen)
        return gathered._replace(enforced=replace(gathered.enforced, voices=gathered.enforced.voices[1:]))

    monkeypatch.setattr(Combiner, "gather", deaf)
    monkeypatch.setitem(meet._RULES, MergeRule.UNION, meet._RULES[MergeRule.MOST_SPECIFIC])
    assert OrgModel(resources).resolve(Subject(user="a"), NOW).digest != honest.digest
    assert_ends_where_the_resolver_ends(resources, Subject(user="a"), NOW)
