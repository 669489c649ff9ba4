"""A policy made of an elevation allows for good what was lifted, to that subject alone, and never what is guarded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_process import resource

import clawforge.overlay.lasting
from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.decide.names import NamePattern
from clawforge.decide.request import Effect
from clawforge.decide.simulate import Simulator
from clawforge.errors import InputError
from clawforge.layout.new_document import document_text
from clawforge.load.resource import parse_resource
from clawforge.overlay.lasting import LastingPolicy, Lifted, lasting_policy
from clawforge.overlay.lifted_names import LiftedNames, UnsayableError
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DEV = Subject(user="dev", instance="lap-1")
LIFTED = Lifted("e-1", "elevation", "shell", DEV, ("exec",), (), (), None, "disk full", "INC-7", ("user:sec",))
PEOPLE = [resource("User", name, email=f"{name}@acme.example") for name in ("dev", "bob")]
OTHERS = (
    Subject(user="dev", instance="lap-2"),
    Subject(user="bob", instance="lap-1"),
    Subject(user="bob", instance="lap-9", agent="ci"),
)
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("exec", {"command": "ls"}),
    ("read", {"path": "/w/a"}),
    ("write", {"path": "/w/a", "content": ""}),
    ("web_fetch", {"url": "https://example.com"}),
    ("mcp__github__push", {}),
)


def parsed(values: Sequence[Any]) -> list[Resource]:
    found = [parse_resource(value) for value in values]
    assert all(not isinstance(item, list) for item in found), found
    return [item for item in found if not isinstance(item, list)]


def policy(name: str, **spec: Any) -> dict[str, Any]:
    return resource("Policy", name, **{"appliesTo": "everyone", **spec})


def effects(resources: Sequence[Resource], subject: Subject) -> list[Effect]:
    simulator = Simulator(OrgModel(resources), {})
    return [simulator.judge(subject, tool, params, NOON).decision.effect for tool, params in CALLS]


def lasting(values: Sequence[Any], lifted: Lifted = LIFTED) -> LastingPolicy:
    """The policy; for everybody else every decision is what it was, and it can be written down."""
    before = parsed([*PEOPLE, *values])
    done = lasting_policy(before, lifted, NOON)
    after = [*before, *parsed([done.value])]
    for other in OTHERS:
        assert effects(after, other) == effects(before, other), other
    mine, then = effects(before, lifted.subject), effects(after, lifted.subject)
    order = {"deny": 0, "ask": 1, "allow": 2}
    assert all(order[now] >= order[was] for was, now in zip(mine, then, strict=True))
    return done


def test_what_an_allow_list_left_out_is_added_and_the_base_extended() -> None:
    base = policy("default", tools={"profile": "full", "allow": ["read"]}, paths={"deny": ["/etc/**"]})
    done = lasting([base])
    assert document_text(done.value) == (
        "apiVersion: clawforge/v1\n"
        "kind: Policy\n"
        "metadata:\n"
        "  name: shell-for-dev\n"
        "  annotations:\n"
        "    codified-from: elevation e-1\n"
        "    reason: disk full\n"
        "    ticket: INC-7\n"
        "    approved-by: user:sec\n"
        "spec:\n"
        "  appliesTo:\n"
        "    users: [dev]\n"
        "    instances: [lap-1]\n"
        "  extends: [Policy/default]\n"
        "  tools:\n"
        "    allow: [read, exec]\n"
    )
    assert done.remarks == ("`paths` holds on: it was lifted for these tools alone, which no policy can say.",)


def test_what_is_denied_by_name_needs_a_copy() -> None:
    parent = policy("parent", appliesTo={"users": ["nobody"]}, tools={"deny": ["exec", "group:web"]}, message="No.")
    base = policy("default", extends=["Policy/parent"], tools={"deny": ["write"]}, exec={"mode": "ask", "deny": ["rm"]})
    done = lasting([parent, base])
    spec: Any = done.value["spec"]
    assert spec == {
        "appliesTo": {"users": ["dev"], "instances": ["lap-1"]},
        "tools": {"deny": ["group:web", "write"]},
        "message": "No.",
    }
    assert "It is a copy: what changes in Policy/default from now on does not change here." in done.remarks
    assert any("Every command passes" in remark for remark in done.remarks)


def test_of_a_group_the_other_tools_stay_denied() -> None:
    done = lasting([policy("default", tools={"deny": ["group:fs"]})], replace(LIFTED, tools=("write",)))
    denied = set(done.value["spec"]["tools"]["deny"])  # type: ignore[index,call-overload]
    assert denied == set(catalogue(DEFAULT_HOST).expand("group:fs")) - {"write"}


def test_a_mode_is_lifted_by_extending() -> None:
    done = lasting([policy("default", exec={"mode": "deny"})])
    assert done.value["spec"]["extends"] == ["Policy/default"]  # type: ignore[index,call-overload]
    assert done.value["spec"]["exec"] == {"mode": "full"}  # type: ignore[index,call-overload]


def test_a_profile_gives_way_to_what_it_named() -> None:
    done = lasting([policy("default", tools={"profile": "minimal"})])
    tools: Any = done.value["spec"]["tools"]  # type: ignore[index,call-overload]
    assert tools["profile"] == "full"
    assert set(tools["allow"]) == {*catalogue(DEFAULT_HOST).profile("minimal"), "exec"}  # type: ignore[misc]


def test_nobody_had_anything_and_gets_this_alone() -> None:
    done = lasting([policy("others", appliesTo={"users": ["bob"]})])
    assert done.value["spec"]["tools"] == {"allow": ["exec"]}  # type: ignore[index,call-overload]


def test_what_is_never_lifted_stays_denied() -> None:
    wide = replace(LIFTED, tools=("mcp__*",), never=("mcp__github__*",))
    done = lasting([policy("default", tools={"allow": ["read"]})], wide)
    tools: Any = done.value["spec"]["tools"]  # type: ignore[index,call-overload]
    assert tools == {"allow": ["read", "mcp__*"], "deny": ["mcp__github__*"]}
    done = lasting([policy("default", tools={"deny": ["mcp__*"]})], wide)
    assert done.value["spec"]["tools"] == {"deny": ["mcp__github__*"]}  # type: ignore[index,call-overload]


def test_agent_and_context_bound_it_and_a_base_of_the_same_keys_is_outranked() -> None:
    bounded = replace(LIFTED, agents=("ci",), context="work")
    own = policy("own", appliesTo={"users": ["dev"], "instances": ["lap-1"]}, priority=700, tools={"deny": ["exec"]})
    spec: Any = lasting([policy("default"), own], bounded).value["spec"]
    assert (spec["appliesTo"], "priority" in spec) == (
        {"users": ["dev"], "instances": ["lap-1"], "agents": ["ci"], "contexts": ["work"]},
        False,
    )
    assert lasting([policy("default"), own]).value["spec"]["priority"] == 701  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("values", "lifted", "told"),
    [
        (
            [policy("d", tools={"deny": ["exec"]}), policy("g", mode="guardrail", tools={"deny": ["exec"]})],
            {},
            "Policy/g",
        ),
        ([policy("d"), policy("g", mode="guardrail", tools={"allow": ["read"]})], {}, "Policy/g denies of exec"),
        ([policy("d"), policy("g", mode="guardrail", exec={"mode": "deny"})], {}, "Policy/g denies of exec"),
        ([policy("d"), policy("o", mode="overlay", tools={"deny": ["exec"]})], {}, "Policy/o denies of exec"),
        ([policy("d"), policy("o", mode="overlay", exec={"mode": "deny"})], {}, "Policy/o denies of exec"),
        ([policy("d", tools={"deny": ["*"]})], {}, "`\\*` means more than exec"),
        ([policy("d", tools={"deny": ["mcp__*"]})], {"tools": ("mcp__github__push",)}, "`mcp__\\*` means more"),
        (
            [policy("d"), policy("e", appliesTo={"agents": ["ci"]}, message="x")],
            {},
            "several bases there: Policy/d, Policy/e",
        ),
        ([policy("d"), policy("e")], {}, "no base to begin with"),
        ([policy("d")], {"never": ("exec",)}, "Nothing of it is lifted"),
        ([policy("d")], {"subject": Subject(user="gone", instance="lap-1")}, "suspended"),
    ],
)
def test_what_no_base_can_say_is_refused_by_name(values: list[Any], lifted: dict[str, Any], told: str) -> None:
    people = [*PEOPLE, resource("User", "gone", email="gone@acme.example", state="suspended")]
    with pytest.raises(InputError, match=told) as caught:
        lasting_policy(parsed([*people, *values]), replace(LIFTED, **lifted), NOON)
    assert caught.value.code == "not-codified"


def test_these_refusals_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the look at what holds it back, a policy would come out that allows nothing, beside a guardrail."""
    monkeypatch.setattr(clawforge.overlay.lasting, "_refuse_held", lambda *_, **__: None)
    guard = policy("g", mode="guardrail", tools={"deny": ["exec"]})
    done = lasting([policy("d", tools={"deny": ["exec"]}), guard])
    after = parsed([*PEOPLE, policy("d", tools={"deny": ["exec"]}), guard, done.value])
    assert effects(after, DEV)[0] == "deny"


def test_what_others_hold_back_in_part_is_said() -> None:
    guard = policy("guard", mode="guardrail", exec={"mode": "allowlist", "allow": ["ls **"]}, tools={"ask": ["exec"]})
    done = lasting([policy("default", tools={"deny": ["exec"]}), guard])
    assert "Policy/guard still says tools.ask about it." in done.remarks
    assert "Policy/guard still says exec.mode about it." in done.remarks


def test_a_base_that_opens_later_is_named() -> None:
    spring = {"windows": [{"from": "2027-03-01T00:00:00Z"}]}
    later = policy("spring", appliesTo={"users": ["dev"]}, schedule=spring, tools={"deny": ["read"]})
    done = lasting([policy("default", tools={"deny": ["exec"]}), later])
    assert "Policy/spring opens at times of its own, and then gives way to this one." in done.remarks


NAMES = st.sampled_from(["exec", "read", "write", "bash", "group:fs", "mcp__a__x", "mcp__a__*", "mcp__*", "*", "zz"])
LISTS = st.lists(NAMES, max_size=4).map(tuple)
SAMPLES = ("exec", "read", "write", "edit", "mcp__a__x", "mcp__a__y", "mcp__b__x", "zz", "other", "web_fetch")


@settings(max_examples=300, deadline=None)
@given(tools=LISTS, never=LISTS, denied=LISTS)
def test_a_list_loses_exactly_what_was_lifted(
    tools: tuple[str, ...], never: tuple[str, ...], denied: tuple[str, ...]
) -> None:
    names = LiftedNames.of(tools, never, catalogue(DEFAULT_HOST))

    def means(patterns: Sequence[str], name: str) -> bool:
        expanded = catalogue(DEFAULT_HOST).expand_all(tuple(patterns))
        return any((one := NamePattern.parse(item)) is not None and one.matches(name) for item in expanded)

    lifted = {name for name in SAMPLES if means(tools, name) and not means(never, name)}
    try:
        kept = names.without(denied)
    except UnsayableError:
        pass
    else:
        assert {name for name in SAMPLES if means(kept, name)} == {n for n in SAMPLES if means(denied, n)} - lifted
    try:
        allow, beside = names.added_to(catalogue(DEFAULT_HOST).expand_all(denied))
    except UnsayableError:
        return
    passed = {name for name in SAMPLES if means(allow, name) and not means(beside, name)}
    assert passed == {name for name in SAMPLES if means(denied, name)} | lifted
