"""A character that passes for another is named where a value is refused; errors of patterns point at the pattern."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.load.field_problem import FieldProblem
from clawforge.load.resource import parse_resource
from clawforge.look_alike import disguise, shows

CYRILLIC_A = "U+0430 (CYRILLIC SMALL LETTER A), which looks like `a`"


def problems(kind: str, spec: dict[str, Any], name: str = "x") -> list[FieldProblem]:
    body = {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    parsed = parse_resource(body)
    assert isinstance(parsed, list)
    return parsed


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("d\u0430na", f"`name` cannot be `d\u0430na`: character 2 is {CYRILLIC_A}.", "Type it anew: `dana`."),
        (
            "da\u200bna",
            "`name` cannot be `da\\u200bna`: character 3 is U+200B (ZERO WIDTH SPACE), which cannot be seen.",
            "Type it anew: `dana`.",
        ),
        (
            "\uff41-\u0440\u200b",
            "`name` cannot be `\\uff41-\\u0440\\u200b`: character 1 is U+FF41 (FULLWIDTH LATIN SMALL LETTER A), "
            "which looks like `a`.",
            "Type it anew: `a-p`.",
        ),
    ],
)
def test_a_name_says_which_character_is_another(name: str, message: str, hint: str) -> None:
    (problem,) = problems("Group", {}, name)
    assert (problem.pointer, problem.message, problem.hint) == ("/metadata/name", message, hint)


@pytest.mark.parametrize("name", ["D", "caf\u00e9", "\u4e2d", "a_b"])
def test_a_name_that_is_wrong_in_plain_sight(name: str) -> None:
    (problem,) = problems("Group", {}, name)
    assert problem.message == f"`name` cannot be `{name}`."
    assert problem.hint.startswith("Write lower-case letters")


@pytest.mark.parametrize(
    ("section", "pointer"),
    [
        ({"tools": {"deny": ["read", "ex\u0435c"]}}, "/spec/tools/deny/1"),
        ({"network": {"allow": ["\u0430cme.example"]}}, "/spec/network/allow/0"),
        ({"mcp": {"allow": ["\u0430cme"]}}, "/spec/mcp/allow/0"),
    ],
)
def test_a_pattern_says_so_too(section: dict[str, Any], pointer: str) -> None:
    (problem,) = problems("Policy", {"appliesTo": "everyone", **section})
    assert problem.pointer == pointer
    assert "which looks like" in problem.message
    assert problem.hint.startswith("Type it anew: `")


@pytest.mark.parametrize(
    ("rule", "field", "said"),
    [
        ({"pattern": "("}, "/pattern", "not a valid RE2 pattern"),
        ({"pattern": "(?<=x)y"}, "/pattern", "RE2 does not know `(?<=`"),
        ({"pattern": r"(x)\1"}, "/pattern", "no backreferences"),
        ({"pattern": "a*"}, "/pattern", "can match the empty string"),
        ({"pattern": "x{1001}"}, "/pattern", "repetition"),
        ({"pattern": ""}, "/pattern", "`pattern` is empty"),
        ({"pattern": r"\C"}, "/pattern", "half a character"),
        ({"pattern": "x", "detector": "private-key"}, "/pattern", "stands beside `detector`"),
        ({}, "", "finds nothing"),
    ],
)
def test_errors_of_a_pattern_point_at_it(rule: dict[str, Any], field: str, said: str) -> None:
    # The id occurs in most sentences, and is not what is wrong.
    rules = [{"id": "a", "action": "log", "detector": "private-key"}, {"id": "x", "action": "block", **rule}]
    (problem,) = problems("DlpRuleSet", {"appliesTo": "everyone", "rules": rules})
    assert problem.pointer == f"/spec/rules/1{field}"
    assert said in f"{problem.message} {problem.hint}"
    assert problem.hint


@given(st.text(max_size=20))
def test_what_a_disguise_shows_holds_no_other(text: str) -> None:
    found = disguise(text)
    if found is None:
        assert not any(shows(character) for character in text)
    else:
        assert found[1] != text
        assert disguise(found[1]) is None
