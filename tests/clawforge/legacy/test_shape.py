"""Issues in the words of the old validator."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.legacy.event import EVENTS
from clawforge.legacy.shape import Field, Shape, issues, unknown_option

SHAPE: Shape = {
    "email": Field("email"),
    "age": Field("number", required=False),
    "note": Field(nullable=True, required=False),
    "level": Field(required=False, options=("full", "off")),
    "tools": Field("object", required=False, fields={"deny": Field("array", required=False)}),
    "password": Field(required=False, shortest=6),
    "org": Field("uuid", required=False),
}


def told(value: Any) -> list[dict[str, Any]]:
    return [issue.document() for issue in issues(SHAPE, value)]


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ([], "invalid_type", []),
        ({}, "invalid_type", ["email"]),
        ({"email": 1}, "invalid_type", ["email"]),
        ({"email": "nope"}, "invalid_string", ["email"]),
        ({"email": "a@b.co", "age": "1"}, "invalid_type", ["age"]),
        ({"email": "a@b.co", "age": True}, "invalid_type", ["age"]),
        ({"email": "a@b.co", "age": None}, "invalid_type", ["age"]),
        ({"email": "a@b.co", "level": "loud"}, "invalid_enum_value", ["level"]),
        ({"email": "a@b.co", "tools": {"deny": "exec"}}, "invalid_type", ["tools", "deny"]),
        ({"email": "a@b.co", "password": "x"}, "too_small", ["password"]),
        ({"email": "a@b.co", "org": "acme"}, "invalid_string", ["org"]),
    ],
)
def test_what_is_wrong_is_named(value: Any, code: str, path: list[str]) -> None:
    (issue,) = told(value)
    assert (issue["code"], issue["path"]) == (code, path)


def test_what_is_right_or_unknown_is_not() -> None:
    assert told({"email": "a@b.co", "note": None, "surprise": 1, "age": 1.5, "tools": {"deny": []}}) == []


def test_text_of_others_is_quoted_in_part_only() -> None:
    (issue,) = told({"email": "a@b.co", "level": "x" * 10_000})
    assert len(str(issue)) < 1_000


def test_an_unknown_choice_names_all() -> None:
    issue = unknown_option(("grantType",), ("a", "b")).document()
    assert issue["options"] == ["a", "b"]
    assert issue["message"] == "Invalid discriminator value. Expected 'a' | 'b'"


def test_a_thousand_bad_events_make_a_hundred_issues() -> None:
    assert len(issues(EVENTS, {"events": [{}] * 1_000})) == 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["email", "events", "age"]), inner),
)


@given(JSON)
def test_any_document_is_judged(value: Any) -> None:
    told(value)
    issues(EVENTS, value)
