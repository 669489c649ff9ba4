"""Values that are no resources: one sensible problem for every mistake."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import orgs

from clawforge.load.field_problem import FieldProblem
from clawforge.load.project_file import ProjectFile
from clawforge.load.resource import parse_resource, written_address
from clawforge.load.spelled_pattern import SPELLED_PATTERNS
from clawforge.resource.invariant import TOOL_NAME_SPELLING
from clawforge.resource.meta import DAY_PATTERN, INSTANT_PATTERN, Resource
from clawforge.resource.pattern import DOMAIN_SPELLING, NAME_PATTERN_SPELLING, PATH_GLOB_SPELLING
from clawforge.resource.registry import BY_KIND, KINDS, canonical_resource

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


def body(kind: str, spec: Any, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": "x"}, "spec": spec, **fields}


def problems(value: Any) -> list[FieldProblem]:
    found = parse_resource(value)
    assert isinstance(found, list)
    return found


def policy(**fields: Any) -> dict[str, Any]:
    return body("Policy", {"appliesTo": "everyone", **fields})


CASES: list[tuple[dict[str, Any], str, str, str, str]] = [
    (policy(tols={}), "/spec/tols", "unknown-field", "Unknown field `tols` in `spec`.", "Did you mean `tools`?"),
    (policy(tools={"zzz": []}), "/spec/tools/zzz", "unknown-field", "Unknown field `zzz` in `tools`.", "Known fields"),
    (
        policy(tools={"deny": "exec"}),
        "/spec/tools/deny",
        "wrong-type",
        "list of strings, not the string `exec`",
        "[exec]",
    ),
    (
        policy(tools={"deny": 5}),
        "/spec/tools/deny",
        "wrong-type",
        "must be a list of strings, not the number 5.",
        "list",
    ),
    (policy(tools={"deny": [1]}), "/spec/tools/deny/0", "wrong-type", "An item of `deny` must be a string", "quotes"),
    (policy(tools={"deny": ["ok", "ex*c"]}), "/spec/tools/deny/1", "invalid-value", "'ex*c' is not a pattern", "Write"),
    (policy(tools={"allow": None}), "/spec/tools/allow", "wrong-type", "`allow` has no value.", "`[]`"),
    (policy(tools={"allow": [None]}), "/spec/tools/allow/0", "wrong-type", "An item of `allow` has no value.", "value"),
    (policy(tools=None), "/spec/tools", "wrong-type", "`tools` has no value.", "remove"),
    (policy(tools=[]), "/spec/tools", "wrong-type", "`tools` must be a mapping, not a list.", "Write a mapping."),
    (policy(mode="bas"), "/spec/mode", "invalid-value", "`mode` cannot be `bas`.", "Did you mean `base`?"),
    (
        policy(mode=1),
        "/spec/mode",
        "wrong-type",
        "must be one of base, overlay, guardrail, not the number 1.",
        "one of",
    ),
    (policy(priority="3"), "/spec/priority", "wrong-type", "must be an integer, not the string `3`.", "integer"),
    (policy(priority=-1), "/spec/priority", "invalid-value", "must be at least 0, not -1.", "at least 0"),
    (policy(extends=["x"]), "/spec/extends/0", "invalid-value", "An item of `extends` cannot be `x`.", "the address"),
    (policy(offline={"lease": 5}), "/spec/offline/lease", "invalid-value", "a duration needs a unit.", "Write 15m"),
    (policy(applies_to="x"), "/spec/applies_to", "unknown-field", "`applies_to`", "Did you mean `appliesTo`?"),
    (body("Policy", {}), "/spec/appliesTo", "missing-field", "`appliesTo` is missing.", "`appliesTo: everyone`"),
    (body("User", {}), "/spec/email", "missing-field", "`email` is missing.", "`email` is a string"),
    (body("User", {"email": "x"}), "/spec/email", "invalid-value", "cannot be `x`.", "alice@example.com"),
    (body("User", {"email": "a@b", "displayName": 5}), "/spec/displayName", "wrong-type", "must be a string", "quotes"),
    (
        body("User", {"email": "a@b"}, metadata={"name": "A b"}),
        "/metadata/name",
        "invalid-value",
        "`A b`",
        "lower-case",
    ),
    (body("User", {"email": "a@b"}, metadata=3), "/metadata", "wrong-type", "must be a mapping", "mapping"),
    (body("PolicyTest", {"cases": []}), "/spec/cases", "invalid-value", "`cases` is empty.", "at least one"),
    (
        body("ServiceAccount", {"expires": "2026-11-20T10:00:00"}),
        "/spec/expires",
        "invalid-value",
        "`expires` has no zone",
        "2026-11-20T10:00:00Z",
    ),
    (
        body("Group", {"members": {"tags": {"": ["x"]}}}),
        "/spec/members/tags/",
        "invalid-value",
        "The key `` is empty.",
        "",
    ),
]


@pytest.mark.parametrize(("value", "pointer", "code", "message", "hint"), CASES, ids=lambda item: str(item)[:40])
def test_one_problem_in_plain_words(value: Any, pointer: str, code: str, message: str, hint: str) -> None:
    (problem,) = problems(value)
    assert (problem.pointer, problem.code) == (pointer, code)
    assert message in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("applies_to", "pointer", "message"),
    [
        ("evryone", "/spec/appliesTo", "`appliesTo` cannot be `evryone`."),
        (5, "/spec/appliesTo", "`appliesTo` must be `everyone` or a mapping, not the number 5."),
        ([], "/spec/appliesTo", "`appliesTo` must be `everyone` or a mapping, not a list."),
        ({"group": ["eng"]}, "/spec/appliesTo/group", "Unknown field `group` in `appliesTo`."),
        ({"groups": "eng"}, "/spec/appliesTo/groups", "`groups` must be a list of strings, not the string `eng`."),
        ({"groups": []}, "/spec/appliesTo/groups", "`groups` is empty and would match nobody."),
        ({}, "/spec/appliesTo", "The selector is empty."),
        ({"Selector": 1}, "/spec/appliesTo/Selector", "Unknown field `Selector` in `appliesTo`."),
        ({"groups": ["a"], "except": {"users": []}}, "/spec/appliesTo/except/users", "`users` is empty"),
    ],
)
def test_a_selector_gets_one_problem_not_one_for_each_form(applies_to: Any, pointer: str, message: str) -> None:
    (problem,) = problems(body("Policy", {"appliesTo": applies_to}))
    assert problem.pointer == pointer
    assert message in problem.message


@pytest.mark.parametrize(
    ("window", "pointers"),
    [
        ({"cron": "0 18 * * 1-5", "duraton": "1h"}, ["/duraton"]),
        ({"cron": "0 18 * * 1-5"}, ["/duration"]),
        ({"cron": "x x x x x", "duration": "1h"}, ["/cron"]),
        ({"from": "soon"}, ["/from"]),
        ({"until": 5}, ["/until"]),
        ({"start": "x"}, ["/start"]),
        ({}, [""]),
        (3, [""]),
    ],
)
def test_a_window_gets_the_problems_of_the_form_that_was_meant(window: Any, pointers: list[str]) -> None:
    found = problems(policy(schedule={"windows": [window]}))
    assert [problem.pointer for problem in found] == [f"/spec/schedule/windows/0{pointer}" for pointer in pointers]


def test_all_problems_come_at_once() -> None:
    found = problems(body("Policy", {"appliesTo": "x", "mode": "x", "tools": {"deny": 1, "ask": 2}, "zzz": 0}))
    assert {problem.pointer for problem in found} == {
        "/spec/appliesTo",
        "/spec/mode",
        "/spec/tools/deny",
        "/spec/tools/ask",
        "/spec/zzz",
    }


def test_many_problems_are_cut_off_and_that_is_said() -> None:
    found = problems(policy(tools={"deny": list(range(5000))}))
    assert len(found) == 101
    assert found[-1].code == "too-many-problems"


@pytest.mark.parametrize(
    ("value", "pointer", "code", "hint"),
    [
        (3, "", "not-a-resource", "exclude"),
        (None, "", "not-a-resource", "exclude"),
        ([], "", "not-a-resource", "exclude"),
        ({}, "", "not-a-resource", "exclude"),
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, "/apiVersion", "not-a-resource", "exclude"),
        ({"kind": "Policy"}, "/apiVersion", "missing-field", "`apiVersion: clawforge/v1`"),
        ({"apiVersion": "clawforge/v2", "kind": "Policy"}, "/apiVersion", "wrong-api-version", "clawforge/v1"),
        ({"apiVersion": "clawforge/v1"}, "/kind", "missing-field", "Policy"),
        ({"apiVersion": "clawforge/v1", "kind": "Polcy"}, "/kind", "unknown-kind", "Did you mean `Policy`?"),
        ({"apiVersion": "clawforge/v1", "kind": "policy"}, "/kind", "unknown-kind", "Did you mean `Policy`?"),
        ({"apiVersion": "clawforge/v1", "kind": "Zzzzzz"}, "/kind", "unknown-kind", "Known kinds: Organization"),
        ({"apiVersion": "clawforge/v1", "kind": ["Policy"]}, "/kind", "wrong-type", "Policy"),
        ({"apiVersion": "clawforge/v1", "kind": "Project"}, "/kind", "unknown-kind", "clawforge.yaml"),
    ],
)
def test_the_header_decides_how_the_rest_is_read(value: Any, pointer: str, code: str, hint: str) -> None:
    (problem,) = problems(value)
    assert (problem.pointer, problem.code) == (pointer, code)
    assert hint in problem.hint


def test_free_parameters_of_a_call_may_hold_null() -> None:
    case = {
        "name": "n",
        "subject": {"user": "alice"},
        "call": {"tool": "exec", "params": {"cwd": None}},
        "expect": {"effect": "allow"},
    }
    assert isinstance(parse_resource(body("PolicyTest", {"cases": [case]})), Resource)


@pytest.mark.parametrize("value", [2**70, "\ud800", float("inf")])
def test_what_json_cannot_carry_is_a_problem(value: Any) -> None:
    assert problems(policy(message=value))


def test_deep_nesting_is_a_problem() -> None:
    deep: Any = "x"
    for _ in range(10_000):
        deep = [deep]
    assert problems(policy(message=deep))[0].code == "invalid-value"


def test_every_pattern_of_the_models_is_spelled_out() -> None:
    def patterns(schema: Any) -> set[str]:
        if isinstance(schema, dict):
            own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
            return own.union(*map(patterns, schema.values()))
        return set().union(*map(patterns, schema)) if isinstance(schema, list) else set()

    used = patterns([model.model_json_schema() for model in (*KINDS, ProjectFile)])
    duration = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
    times = {DAY_PATTERN, INSTANT_PATTERN}
    names = {NAME_PATTERN_SPELLING, TOOL_NAME_SPELLING, DOMAIN_SPELLING, PATH_GLOB_SPELLING}
    raised_in_words_by_validators = {duration} | names | times
    assert used - raised_in_words_by_validators <= SPELLED_PATTERNS.keys()
    assert SPELLED_PATTERNS.keys() <= used


@settings(max_examples=60, deadline=None)
@given(orgs())
def test_the_canonical_form_of_any_resource_is_parsed_back(resources: list[Resource]) -> None:
    for resource in resources:
        assert parse_resource(canonical_resource(resource)) == resource


@settings(max_examples=150, deadline=None)
@given(JSON, st.sampled_from(sorted(BY_KIND)), st.sampled_from(["spec", "metadata", "tools", "schedule", "rules"]))
def test_no_value_raises_and_every_problem_helps(value: Any, kind: str, place: str) -> None:
    candidates = [value, body(kind, value)]
    if place == "metadata":
        candidates.append(body(kind, {}, metadata=value))
    else:
        candidates.append(body(kind, {"appliesTo": value, place: value, "members": value, "cases": [value]}))
    for candidate in candidates:
        found = parse_resource(candidate)
        for problem in found if isinstance(found, list) else []:
            assert problem.code
            assert problem.message.endswith(".")
            assert problem.hint
            text = (problem.message + problem.hint).lower()
            assert not any(word in text for word in ("pydantic", "traceback", "something else", "model_"))
        written_address(candidate)
