"""Walking back over versions finds every change of an answer, where it was made, and which resource made it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import MOMENTS, SUBJECTS, orgs, resource

from clawforge.analysis.access_history import Backwards, Edit, Flip, Question, edits_between, flips
from clawforge.decide.simulate import Simulator
from clawforge.mark import Mark
from clawforge.plan import Action
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import Effect
from clawforge.resource.user import User

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
Version = Mapping[str, Resource]


def by_address(*resources: Resource) -> Version:
    return {item.address: item for item in resources}


def edits(versions: list[Version]) -> list[Edit]:
    """Newest first; the version before the first one is empty."""
    older: list[Version] = [{}, *versions]
    return [
        edits_between(newer, older[number], Mark(revision=number + 1, at=NOW))
        for number, newer in reversed(list(enumerate(versions)))
    ]


def history(
    versions: list[Version], user: str = "ada", tool: str = "exec", **more: Any
) -> tuple[Backwards, list[Flip]]:
    back = Backwards(versions[-1], Question(Subject(user=user, **more), tool, {}, NOW))
    return back, list(flips(back, edits(versions)))


def policy(name: str = "default", **spec: Any) -> Resource:
    return resource("Policy", name, {"appliesTo": "everyone", **spec})


def named(resources: Version, user: str) -> str | None:
    users = (item for item in resources.values() if isinstance(item, User))
    return next((item.metadata.name for item in users if user in (item.metadata.name, item.spec.email)), None)


def effect_in(version: Version, newest: Version, subject: Subject, tool: str, at: dt.datetime) -> Effect:
    """By everything that the version has, not only by what may matter."""
    name = named(newest, subject.user) or named(version, subject.user) or subject.user
    known = subject.model_copy(update={"user": name})
    return Simulator(OrgModel(tuple(version.values())), {}).judge(known, tool, {}, at).decision.effect


@given(
    st.lists(orgs(count=3).map(lambda drawn: by_address(*drawn)), min_size=1, max_size=4),
    SUBJECTS,
    st.sampled_from(("exec", "web_fetch", "mcp__github__x")),
    MOMENTS,
)
@settings(max_examples=120, deadline=None)
def test_the_flips_are_those_of_judging_every_version_in_full(
    versions: list[Version], subject: Subject, tool: str, at: dt.datetime
) -> None:
    effects = [effect_in(version, versions[-1], subject, tool, at) for version in ({}, *versions)]
    back = Backwards(versions[-1], Question(subject, tool, {}, at))
    found = list(flips(back, edits(versions)))
    assert back.decision.effect is effects[-1]
    expected = [
        (number, effects[number - 1], effects[number])
        for number in range(len(versions), 0, -1)
        if effects[number - 1] is not effects[number]
    ]
    assert [(flip.mark.revision, flip.before, flip.after) for flip in found] == expected
    for flip in found:
        assert flip.mark.revision is not None
        _check_touches(flip, [{}, *versions][flip.mark.revision - 1], versions[flip.mark.revision - 1])
        assert (flip.why_before.effect, flip.why_after.effect) == (flip.before, flip.after)


def _check_touches(flip: Flip, before: Version, after: Version) -> None:
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert flip.touches
    assert {touch.address for touch in flip.touches} <= changed
    assert flip.others == len(changed) - len(flip.touches)
    for touch in flip.touches:
        present = (touch.address in before, touch.address in after)
        assert present == {Action.CREATE: (False, True), Action.DELETE: (True, False)}.get(touch.action, (True, True))


def test_access_that_came_and_went_is_told_by_its_last_change_first() -> None:
    open_, shut = by_address(policy(tools={"deny": []})), by_address(policy(tools={"deny": ["exec"]}))
    back, found = history([open_, shut, open_, open_, shut, shut])
    assert back.decision.effect is Effect.DENY
    assert [(flip.mark.revision, flip.before.value, flip.after.value) for flip in found] == [
        (5, "allow", "deny"),
        (3, "deny", "allow"),
        (2, "allow", "deny"),
        (1, "deny", "allow"),
    ]
    (touch,) = found[0].touches
    assert (touch.address, touch.action, touch.decisive) == ("Policy/default", Action.UPDATE, True)
    assert [(field.path, field.before, field.after) for field in touch.fields] == [("spec.tools.deny", [], ["exec"])]
    assert (found[0].why_before.code, found[0].why_after.code) == ("allowed", "tool-denied")
    assert found[-1].why_before.code == "no-policy"


def test_what_does_not_touch_the_answer_is_only_counted() -> None:
    group = resource("Group", "eng", {"members": {"users": ["ada"]}})
    other = policy("other", appliesTo={"users": ["bob"]})
    fence = policy("fence", mode="guardrail", network={"deny": ["a.example"]})
    first = by_address(policy(), resource("User", "bob", {"email": "bob@acme.example"}))
    second = by_address(policy(tools={"deny": ["exec"]}), group, other, fence)
    _, found = history([first, second])
    assert [touch.address for touch in found[0].touches] == ["Policy/default"]
    assert found[0].others == 4


def test_a_group_that_somebody_joined_is_what_changed() -> None:
    base = policy("sre", appliesTo={"groups": ["sre"]}, tools={"allow": ["exec"]})
    outside = by_address(base, resource("Group", "sre", {"members": {"users": ["bob"]}}))
    inside = by_address(base, resource("Group", "sre", {"members": {"users": ["ada", "bob"]}}))
    _, found = history([outside, inside])
    (touch,) = found[0].touches
    assert (touch.address, touch.fields[0].path) == ("Group/sre", "spec.members.users")


def test_of_two_changes_of_which_each_would_do_both_are_named_and_none_is_decisive() -> None:
    first = by_address(policy())
    second = by_address(
        policy(),
        policy("a", mode="overlay", tools={"deny": ["exec"]}),
        policy("b", mode="guardrail", tools={"deny": ["exec"]}),
    )
    _, found = history([first, second])
    assert [(touch.address, touch.decisive) for touch in found[0].touches] == [("Policy/a", False), ("Policy/b", False)]


def test_a_change_that_the_rest_cannot_stand_without_is_named() -> None:
    child = policy("child", extends=["Policy/parent"], appliesTo={"users": ["ada"]})
    parent = policy("parent", appliesTo={"users": ["bob"]}, tools={"deny": ["exec"]})
    _, found = history([by_address(policy()), by_address(policy(), child, parent)])
    assert {touch.address for touch in found[0].touches} >= {"Policy/child"}


def test_many_changes_at_once_are_bounded() -> None:
    crowd = [policy(f"p-{number}", appliesTo={"users": [f"u-{number}"]}) for number in range(300)]
    _, found = history([by_address(policy("zz", tools={"allow": ["exec"]}), *crowd)])
    assert [touch.address for touch in found[0].touches] == ["Policy/zz"]
    assert found[0].others == 300


def test_versions_that_cannot_matter_are_not_judged() -> None:
    crowd = [by_address(policy(), resource("User", f"u-{n}", {"email": f"u{n}@acme.example"})) for n in range(50)]
    back, found = history(crowd)
    assert back.judged == 3, "the newest, the empty one, and the first without its policy"
    assert [flip.mark.revision for flip in found] == [1]


@pytest.mark.parametrize("user", ["ada", "ada@acme.example", "ADA@acme.example"])
def test_a_person_is_one_by_name_and_by_email(user: str) -> None:
    ada = resource("User", "ada", {"email": "ada@acme.example"})
    base = policy("own", appliesTo={"users": ["ada@acme.example"]}, tools={"allow": ["exec"]})
    _, found = history([by_address(base), by_address(base, ada)], user)
    assert [(flip.mark.revision, flip.touches[0].address) for flip in found] == [(2, "User/ada")]


def test_somebody_who_left_is_asked_about_by_the_name_of_then() -> None:
    ada = resource("User", "ada", {"email": "ada@acme.example"})
    base = policy("own", appliesTo={"users": ["ada"]}, tools={"allow": ["exec"]})
    back, found = history([by_address(base, ada), by_address(base)], "ada@acme.example")
    assert back.decision.effect is Effect.DENY
    assert [(flip.mark.revision, flip.after.value) for flip in found] == [(2, "deny"), (1, "allow")]


def test_suspension_in_the_files_is_a_change_like_any_other() -> None:
    ada, stopped = (
        resource("User", "ada", {"email": "ada@acme.example", "state": state}) for state in ("active", "suspended")
    )
    _, found = history([by_address(policy(), ada), by_address(policy(), stopped)])
    assert (found[0].mark.revision, found[0].touches[0].fields[0].path) == (2, "spec.state")


def test_what_never_was_allowed_has_no_flip() -> None:
    back, found = history([by_address(policy(tools={"deny": ["exec"]})), by_address(policy(tools={"allow": []}))])
    assert (back.decision.effect, found) == (Effect.DENY, [])
